package import EdgepipeCore
import Foundation

/// What a service runs.
package struct ServicePlan: Sendable {
  package struct Entry: Sendable, Hashable {
    /// Names its folder, and is the label of its metrics.
    package let name: String
    /// The pipeline file.
    package let file: String
    /// With the service.
    package var starts = true
    /// Of those that run, the one with the lowest is stopped first where the machine is too hot.
    package var priority = 0
  }

  package var pipelines: [Entry] = []
  /// Where the service keeps what it needs; nil: the usual place.
  package var state: String?

  package var interface = InterfaceSettings()
  package var notices = NoticeSettings()
  /// Switches the machine off shortly before it is so hot that the system would.
  package var powersOff = false
  /// A stage with frames waiting that does nothing for so long is stuck.
  package var stuckS = 20.0

  static let schema = ObjectSchema([
    .init("version", .integer(1...1), required: true, "Of this format."),
    .init("state", .string, "The folder of locks, control sockets, logs and reports."),
    .init("http", .object(InterfaceSettings.schema), "How the HTTP interface is offered."),
    .init("notices", .object(NoticeSettings.schema), "Who is told of faults."),
    .init(
      "stuckS", .number(1...3600), default: "20",
      "Seconds after which a stage that has frames waiting and does nothing is taken for stuck."),
    .init("heat", .object(heat), "What is done about heat."),
    .init(
      "pipelines",
      .list(
        .object(
          ObjectSchema([
            .init("name", .string, "Default: the name of the file."),
            .init("file", .string, required: true, "The pipeline file, relative to this file."),
            .init("start", .bool, default: "true", "Starts with the service."),
            .init(
              "priority", .integer(-100...100), default: "0",
              "Where the machine is too hot, the running pipeline with the lowest is stopped first."),
          ])), count: 0...256), required: true, "What to run."),
  ])

  private static let heat = ObjectSchema([
    .init(
      "powerOff", .bool, default: "false",
      "Asks logind to switch the machine off shortly before it is so hot that the system would cut the power.")
  ])

  init(pipelines: [Entry]) { self.pipelines = pipelines }

  /// - Parameter path: a pipeline file, a folder of them, or a service file.
  /// - Throws: `ConfigErrors` for a service file that is wrong; ``PipelineError`` for the rest.
  package init(_ path: String) throws {
    switch FilePlace(path) {
    case .folder:
      let names = try Self.names(in: path)
      if names.isEmpty {
        throw PipelineError(
          "'\(path)' contains no pipeline file (*.json)", remedy: "edgepipe new writes one", code: .notFound)
      }
      for name in names { try add(Self.name(of: name), file: Self.joined(path, name), starts: true) }
    case .file:
      let bytes = try ConfigFile.read(path, kind: "service or pipeline file")
      var issues = IssueCollector(file: path)
      if JSONParser.parse(bytes, issues: &issues)?["pipelines"] != nil {
        try read(CheckedFile(reading: path, kind: "service file", schema: Self.schema))
      } else {
        try add(Self.name(of: path), file: path, starts: true)
      }
    default:
      throw PipelineError(
        "cannot read '\(path)'", remedy: "give a pipeline file, a folder of them, or a service file", code: .notFound)
    }
  }

  /// The pipeline files of a folder; those that editors hide are none.
  private static func names(in folder: String) throws(PipelineError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { name in
        guard name.hasSuffix(".json"), !name.hasPrefix("."), case .file = FilePlace(joined(folder, name)) else {
          return false
        }
        return true
      }
    } catch {
      throw PipelineError("cannot read the folder '\(folder)'", remedy: "check its permissions", code: .notFound)
    }
  }

  private mutating func read(_ file: CheckedFile) throws {
    let folder = (file.name as NSString).deletingLastPathComponent
    state = file.root["state"]?.string.map { Self.joined(folder, $0) }
    if let node = file.root["http"] {
      do { interface = try InterfaceSettings(node) { Self.joined(folder, $0) } } catch {
        throw ConfigErrors(issues: [file.issue(error.message, at: node, path: "http")])
      }
    }
    stuckS = file.root["stuckS"]?.number ?? stuckS
    powersOff = file.root["heat"]?["powerOff"]?.bool ?? false
    if let node = file.root["notices"] {
      do { notices = try NoticeSettings(node) { Self.joined(folder, $0) } } catch {
        throw ConfigErrors(issues: [file.issue(error.message, at: node, path: "notices")])
      }
    }
    for (index, node) in (file.root["pipelines"]?.elements ?? []).enumerated() {
      let path = Self.joined(folder, node["file"]?.string ?? "")
      do {
        try add(
          node["name"]?.string ?? Self.name(of: path), file: path, starts: node["start"]?.bool ?? true,
          priority: node["priority"]?.integer ?? 0)
      } catch {
        throw ConfigErrors(issues: [file.issue(error.message, at: node, path: "pipelines[\(index)]")])
      }
    }
  }

  private mutating func add(_ name: String, file: String, starts: Bool, priority: Int = 0) throws(PipelineError) {
    try Self.check(name)
    if pipelines.contains(where: { $0.name == name }) {
      throw PipelineError(
        "two pipelines are called '\(name)'", remedy: "give each its own name", code: .invalidConfiguration)
    }
    pipelines.append(Entry(name: name, file: file, starts: starts, priority: priority))
  }

  /// A name becomes a folder, a part of addresses and a label: letters, digits, `-`, `_` and `.`, 64 at most.
  ///
  /// - Throws: `invalidArgument`.
  package static func check(_ name: String) throws(PipelineError) {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, (1...64).contains(name.utf8.count), !name.hasPrefix(".") else {
      throw PipelineError(
        "\(Quoted.text(name)) cannot be the name of a pipeline",
        remedy: "use 1 to 64 letters, digits, '-', '_' and '.', not beginning with '.'", code: .invalidArgument)
    }
  }

  private static func name(of path: String) -> String {
    ((path as NSString).lastPathComponent as NSString).deletingPathExtension
  }

  private static func joined(_ folder: String, _ path: String) -> String {
    path.hasPrefix("/") || folder.isEmpty ? path : folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
  }
}
