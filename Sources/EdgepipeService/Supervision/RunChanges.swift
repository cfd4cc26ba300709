import EdgepipeCore
import Foundation

/// What has been changed of a pipeline while it ran: kept in its folder, and done again to its next run.
struct RunChanges: Sendable, Equatable {
  /// It was stopped, and shall stay so.
  var isStopped = false
  /// New values by stage and option.
  var options: [String: [String: ReportValue]] = [:]
  /// Requests for streams that were added, by their names: `stream`, `url` and perhaps `source`.
  var added: [String: [String: ReportValue]] = [:]
  /// Streams of the pipeline file that were removed.
  var removed: Set<String> = []

  private static let schema = ObjectSchema([
    .init("version", .integer(1...1), required: true, "Of this format."),
    .init("stopped", .bool, required: true, "Whether it was stopped."),
    .init("options", .anyObject, required: true, "New values by stage."),
    .init("added", .list(.anyObject, count: 0...10_000), required: true, "Streams that were added."),
    .init("removed", .list(.string, count: 0...10_000), required: true, "Streams that were removed."),
  ])

  init() {}

  /// None where there is no file.
  ///
  /// - Throws: `ConfigErrors` for a file that is wrong.
  init(reading path: String) throws {
    guard case .file = FilePlace(path) else { return }
    let root = try CheckedFile(reading: path, kind: "file of changes", schema: Self.schema).root
    isStopped = root["stopped"]?.bool ?? false
    for member in root["options"]?.members ?? [] { options[member.key] = Self.object(member.value) }
    for node in root["added"]?.elements ?? [] {
      if let name = node["stream"]?.string { added[name] = Self.object(node) }
    }
    removed = Set((root["removed"]?.elements ?? []).compactMap(\.string))
  }

  private static func object(_ node: JSONNode) -> [String: ReportValue] {
    if case .object(let members) = ReportValue(node) { members } else { [:] }
  }

  func write(to path: String) throws {
    if self == RunChanges() {
      try? FileManager.default.removeItem(atPath: path)
      return
    }
    let text = try value.json()
    // Addresses of cameras may hold passwords.
    try WholeFile.write(to: path, rights: WholeFile.ownerAlone) { try $0(text) }
  }

  var value: ReportValue {
    .object([
      "version": .int(1), "stopped": .bool(isStopped), "options": .object(options.mapValues { .object($0) }),
      "added": .list(added.sorted { $0.key < $1.key }.map { .object($0.value) }),
      "removed": .list(removed.sorted().map { .string($0) }),
    ])
  }

  /// Without the passwords of cameras.
  var redacted: ReportValue {
    var changes = self
    for (name, members) in added {
      if case .string(let url)? = members["url"] { changes.added[name]?["url"] = .string(URLRedaction.redact(url)) }
    }
    return changes.value
  }

  /// The requests that make a new run what the last one was.
  var requests: [(command: String, members: [String: ReportValue])] {
    removed.sorted().map { ("remove-stream", ["stream": .string($0)]) }
      + added.sorted { $0.key < $1.key }.map { ("add-stream", $0.value) }
      + options.sorted { $0.key < $1.key }.map {
        ("set", ["stage": .string($0.key), "options": .object($0.value)])
      }
  }

  /// Takes in what a request to a run has changed.
  mutating func note(_ command: String, _ members: [String: ReportValue]) {
    switch command {
    case "add-stream":
      guard case .string(let name)? = members["stream"] else { return }
      added[name] = members
    case "remove-stream":
      guard case .string(let name)? = members["stream"] else { return }
      if added.removeValue(forKey: name) == nil { removed.insert(name) }
    case "set":
      guard case .string(let stage)? = members["stage"], case .object(let values)? = members["options"] else { return }
      options[stage, default: [:]].merge(values) { $1 }
    default: break
    }
  }
}
