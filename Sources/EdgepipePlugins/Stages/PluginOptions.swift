import EdgepipeCore
import EdgepipePluginHost
import Pipeline

/// How a stage's plugin is run: the object `plugin` in the stage's `config`, beside the plugin's own options.
package struct PluginOptions: Sendable, Hashable {
  package enum Isolation: String, Sendable, CaseIterable {
    /// In a child process.
    case process
    /// In this process.
    case inline
  }

  static let key = PluginManifest.reservedOption

  package var isolation = Isolation.process
  /// Nil: what the manifest says, else five seconds.
  package var timeLimitMs: Int?
  package var memoryMB: Int?
  package var allowed = PluginManifest.Wishes()

  package init() {}

  init(_ node: JSONNode?) {
    isolation = node?["isolation"]?.string.flatMap(Isolation.init(rawValue:)) ?? .process
    timeLimitMs = node?["timeoutMs"]?.integer
    memoryMB = node?["memoryMB"]?.integer
    allowed = PluginManifest.Wishes(
      network: node?["allow"]?["network"]?.bool ?? false,
      read: node?["allow"]?["read"]?.elements?.compactMap(\.string) ?? [],
      write: node?["allow"]?["write"]?.elements?.compactMap(\.string) ?? [])
  }

  static let property = ObjectSchema.Property(
    key, .object(schema), "How the plugin is run: isolation, time limit, memory, and what it is allowed.")

  private static let schema = ObjectSchema([
    .init(
      "isolation", .word(Isolation.allCases.map(\.rawValue)), default: "\"process\"",
      "process: in a child process, whose faults cost a frame; inline: in this one, for plugins that are trusted."),
    .init("timeoutMs", .integer(1...600_000), "Milliseconds that a call may take; the plugin's own limit when absent."),
    .init("memoryMB", .integer(16...1_000_000), "Megabytes that the child process may hold."),
    .init("allow", .object(allow), "What the plugin asks for and may do."),
  ])

  private static let allow = ObjectSchema([
    .init("network", .bool, default: "false", "It may open connections."),
    .init("read", .list(.string, count: 0...64), "Files and folders that it may read."),
    .init("write", .list(.string, count: 0...64), "Folders that it may write in."),
  ])
}
