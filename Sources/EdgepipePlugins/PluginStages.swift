package enum PluginStages {}
