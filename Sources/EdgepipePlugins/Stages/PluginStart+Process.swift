import EdgepipeCore
import EdgepipePluginHost
import Foundation
import Pipeline

extension PluginStart {
  /// Names another `edgepiped` than the one beside this program.
  static let programVariable = "EDGEPIPE_PLUGIN_HOST"

  /// How the plugin's process is started.
  func launch() throws(PluginFailure) -> PluginLaunch {
    var launch = try Self.launch(plugin, type, granted: granted)
    launch.timeLimitMs = timeLimitMs
    if let megabytes = options.memoryMB { launch.policy.memoryBytes = UInt64(megabytes) << 20 }
    return launch
  }

  static func launch(
    _ plugin: FoundPlugin, _ type: PluginManifest.StageType, granted: PluginManifest.Wishes
  ) throws(PluginFailure) -> PluginLaunch {
    var launch = PluginLaunch(
      program: try program(),
      policy: SandboxPolicy(
        // Libraries that the plugin brings along lie in its folder.
        readable: [plugin.folder] + granted.read, writable: granted.write, allowsNetwork: granted.network),
      timeLimitMs: type.facts.timeLimitMs ?? PluginLimits.timeLimitMs, flags: type.facts.flags, role: type.facts.role)
    if plugin.manifest.isPython { try PythonInterpreter().prepare(&launch) }
    return launch
  }

  /// The program that holds plugins: beside this one, or beside what this one is a test of.
  static func program(
    _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(PluginFailure) -> String {
    if let path = environment[programVariable], !path.isEmpty { return path }
    let name = "edgepiped"
    let own = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent()
    guard let path = own?.appendingPathComponent(name).path, FileManager.default.isExecutableFile(atPath: path) else {
      throw PluginFailure(
        .stopPipeline, "'\(name)', which holds plugins, is not beside this program",
        remedy: "install it, or name it with \(programVariable)", code: .unavailable)
    }
    return path
  }

  /// Says what became of the plugin's process.
  func tell(_ notice: PluginNotice) {
    switch notice {
    case .gaps(let gaps):
      for gap in gaps { context.logger.notice("'\(plugin.title)': this system cannot \(gap.description)") }
    case .lost(let reason): context.logger.warning("'\(plugin.title)' is started again: \(reason)")
    case .disabled(let reason):
      context.announce(
        FaultChange(
          Self.disabled, stage: context.id, since: context.clock.wallTime(), figures: [],
          message: "the plugin '\(plugin.title)' is disabled: \(reason)"))
    }
  }

  /// The fault of a plugin that is not started any more.
  static let disabled = "plugin-disabled"
}
