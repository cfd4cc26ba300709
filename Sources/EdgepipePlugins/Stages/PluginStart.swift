import EdgepipeCore
import EdgepipePluginHost
import Logging
import Pipeline

/// What a stage needs to make its instances.
struct PluginStart: Sendable {
  let plugin: FoundPlugin
  let type: PluginManifest.StageType
  let options: PluginOptions
  let context: StageContext
  let configuration: PluginConfiguration

  /// Checks everything that can be checked before the plugin is loaded.
  init(
    _ plugin: FoundPlugin, _ type: PluginManifest.StageType, _ configuration: PluginConfiguration,
    _ context: StageContext
  ) throws {
    self.plugin = plugin
    self.type = type
    self.configuration = configuration
    self.context = context
    options = try configuration.pluginOptions()
    try plugin.verify()
    try checkWishes()
    if options.isolation == .inline {
      guard !plugin.manifest.isPython else {
        throw PipelineError(
          "'\(context.id)' is a plugin in Python, which runs in a process of its own",
          remedy: "remove 'isolation': 'inline'", code: .invalidConfiguration)
      }
      if !plugin.manifest.wishes.isEmpty {
        context.logger.notice("'\(plugin.title)' runs inline: nothing keeps it from files and the network")
      }
    }
  }

  var timeLimitMs: Int { options.timeLimitMs ?? type.facts.timeLimitMs ?? PluginLimits.timeLimitMs }

  func setup(worker: Int) throws -> PluginSetup {
    PluginSetup(
      path: plugin.file, type: type.facts.type, stage: context.id, pipeline: context.pipeline, worker: worker,
      isReplay: context.isReplay, configuration: try configuration.json(type.schema))
  }

  /// A plugin gets what its manifest asks for and the pipeline allows.
  private func checkWishes() throws(PipelineError) {
    let wishes = plugin.manifest.wishes, allowed = options.allowed
    var missing: [String] = []
    if wishes.network, !allowed.network { missing.append("\"network\": true") }
    let unread = wishes.read.filter { !allowed.read.contains($0) }
    let unwritten = wishes.write.filter { !allowed.write.contains($0) }
    if !unread.isEmpty { missing.append("\"read\": [\(unread.map { "\"\($0)\"" }.joined(separator: ", "))]") }
    if !unwritten.isEmpty { missing.append("\"write\": [\(unwritten.map { "\"\($0)\"" }.joined(separator: ", "))]") }
    guard missing.isEmpty else {
      throw PipelineError(
        "'\(context.id)' does not allow its plugin '\(plugin.manifest.name)' what it asks for",
        remedy: "add to its config: \"plugin\": {\"allow\": {\(missing.joined(separator: ", "))}}",
        code: .invalidConfiguration)
    }
  }

  /// Where the plugin's log goes.
  var log: PluginLog {
    { [logger = context.logger] level, text in
      switch level {
      case .debug: logger.debug("\(text)")
      case .info: logger.info("\(text)")
      case .notice: logger.notice("\(text)")
      case .warning: logger.warning("\(text)")
      case .error: logger.error("\(text)")
      }
    }
  }
}
