enum PluginHost {}
