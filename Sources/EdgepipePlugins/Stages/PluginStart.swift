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
    for (key, asked, given) in [("read", wishes.read, allowed.read), ("write", wishes.write, allowed.write)] {
      let lacking = asked.filter { $0 == PluginManifest.Wishes.any ? given.isEmpty : !given.contains($0) }
      let names = lacking.map { $0 == PluginManifest.Wishes.any ? "a folder" : "\"\($0)\"" }
      if !names.isEmpty { missing.append("\"\(key)\": [\(names.joined(separator: ", "))]") }
    }
    guard missing.isEmpty else {
      throw PipelineError(
        "'\(context.id)' does not allow its plugin '\(plugin.manifest.name)' what it asks for",
        remedy: "add to its config: \"plugin\": {\"allow\": {\(missing.joined(separator: ", "))}}",
        code: .invalidConfiguration)
    }
  }

  /// What it gets.
  var granted: PluginManifest.Wishes {
    let wishes = plugin.manifest.wishes, allowed = options.allowed
    func both(_ asked: [String], _ given: [String]) -> [String] {
      asked.contains(PluginManifest.Wishes.any) ? given : given.filter(asked.contains)
    }
    return PluginManifest.Wishes(
      network: wishes.network && allowed.network, read: both(wishes.read, allowed.read),
      write: both(wishes.write, allowed.write))
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
