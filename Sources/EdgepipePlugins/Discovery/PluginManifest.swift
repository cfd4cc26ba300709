package import EdgepipeCore
package import EdgepipePluginHost

/// The file `plugin.json` beside a plugin: what can be known of it before it is loaded.
package struct PluginManifest: Sendable {
  /// What a plugin asks for beyond computing; the pipeline has to allow it.
  package struct Wishes: Sendable, Hashable {
    /// Stands for those that the pipeline names.
    static let any = "*"

    package var network = false
    /// Files and folders.
    package var read: [String] = []
    /// Folders.
    package var write: [String] = []

    package var isEmpty: Bool { !network && read.isEmpty && write.isEmpty }
  }

  package struct StageType: Sendable {
    package var facts: PluginTypeFacts
    package var schema: ObjectSchema
  }

  package static let fileName = "plugin.json"
  /// The key beside a plugin's own options that says how it is run.
  static let reservedOption = "plugin"
  /// The version of the file's format.
  package static let version = 1

  package var name: String
  package var pluginVersion: String
  package var summary: String
  /// The version of the interface, such as 1.0.
  package var abi: (major: Int, minor: Int)
  package var isPython: Bool
  /// The library's or the Python file's name in the folder.
  package var file: String
  /// Of that file, in lower-case hexadecimal.
  package var sha256: String
  package var licence: String
  package var wishes: Wishes
  package var types: [StageType]

  /// - Throws: everything that is wrong with the file, as one error that names it.
  package init(reading path: String) throws(PipelineError) {
    let file: CheckedFile
    do throws(ConfigErrors) {
      file = try CheckedFile(reading: path, kind: "plugin manifest", schema: Self.schema)
    } catch {
      let texts = error.issues.prefix(3).map(\.description)
      throw PipelineError(texts.joined(separator: "; "), code: error.issues.first?.code ?? .malformed)
    }
    do throws(PipelineError) { try self.init(file.root) } catch {
      throw PipelineError("\(path): \(error.message)", remedy: error.remedy, code: error.code)
    }
  }

  private init(_ root: JSONNode) throws(PipelineError) {
    name = root["name"]?.string ?? ""
    pluginVersion = root["version"]?.string ?? ""
    summary = root["summary"]?.string ?? ""
    sha256 = root["sha256"]?.string?.lowercased() ?? ""
    licence = root["licence"]?.string ?? ""
    let library = root["library"]?.string, python = root["python"]?.string
    guard (library == nil) != (python == nil), let file = library ?? python else {
      throw PipelineError("a plugin has either a 'library' or a 'python' file", code: .malformed)
    }
    guard !file.contains("/"), !file.isEmpty, file != ".." else {
      throw PipelineError("'\(file)' is no file of the plugin's own folder", code: .malformed)
    }
    self.file = file
    isPython = python != nil
    let numbers = (root["abi"]?.string ?? "").split(separator: ".").map { Int($0) }
    guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else {
      throw PipelineError("'abi' is a version of the interface, such as \"1.0\"", code: .malformed)
    }
    abi = (major, minor)
    wishes = Wishes(
      network: root["needs"]?["network"]?.bool ?? false,
      read: root["needs"]?["read"]?.elements?.compactMap(\.string) ?? [],
      write: root["needs"]?["write"]?.elements?.compactMap(\.string) ?? [])
    types = try (root["types"]?.elements ?? []).map { node throws(PipelineError) in try StageType(node) }
  }

  private static let schema = ObjectSchema([
    .init("manifest", .integer(version...version), required: true, "The version of the format."),
    .init("name", .string, required: true, "The plugin's name."),
    .init("version", .string, required: true, "The plugin's version."),
    .init("summary", .string, "What it is for, in one line."),
    .init("abi", .string, required: true, "The version of the interface that it is written for."),
    .init("library", .string, "The shared library in the same folder."),
    .init("python", .string, "The Python file in the same folder."),
    .init("sha256", .string, required: true, "Of that file."),
    .init("licence", .string, required: true, "An SPDX identifier."),
    .init("needs", .object(needs), "What it asks for beyond computing."),
    .init("types", .list(.object(type), count: 1...256), required: true, "Its stage types."),
  ])

  private static let needs = ObjectSchema([
    .init("network", .bool, "Whether it opens connections."),
    .init("read", .list(.string, count: 0...64), "Files and folders that it reads."),
    .init("write", .list(.string, count: 0...64), "Folders that it writes in."),
  ])

  private static let type = ObjectSchema([
    .init("type", .string, required: true, "The name in pipeline files."),
    .init("role", .word(["source", "transform", "sink"]), required: true, "Its place in a pipeline."),
    .init("summary", .string, "What it does, in one line."),
    .init("needsPicture", .bool, "Frames come with their pictures."),
    .init("needsDetections", .bool, "Without detections it does nothing."),
    .init("needsTracks", .bool, "Without tracks it does nothing."),
    .init("makesPictures", .bool, "It changes pictures."),
    .init("detects", .bool, "It finds things."),
    .init("live", .bool, "Its stream is live."),
    .init("maxWorkers", .integer(1...64), "Instances that may share the work."),
    .init("timeoutMs", .integer(1...600_000), "How long a call may take."),
    .init("formats", .list(.string, count: 1...64), "The pixel formats that it takes, best first."),
    .init("labels", .list(.string, count: 0...1000), "What it finds."),
    .init("schema", .anyObject, "A JSON Schema of its configuration."),
  ])
}

extension PluginManifest.StageType {
  fileprivate init(_ node: JSONNode) throws(PipelineError) {
    let name = node["type"]?.string ?? ""
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 2, name.utf8.count <= 64,
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { Self.letters.contains($0) } })
    else {
      throw PipelineError(
        "\(Quoted.text(name)) is no stage type",
        remedy: "use lower-case words joined by dots, such as example.histogram",
        code: .malformed)
    }
    let roles: [String: PluginTypeFacts.Role] = ["source": .source, "transform": .transform, "sink": .sink]
    var flags: PluginTypeFacts.Flags = []
    for (key, flag) in Self.flags where node[key]?.bool == true { flags.insert(flag) }
    facts = PluginTypeFacts(
      type: name, role: roles[node["role"]?.string ?? ""] ?? .transform, summary: node["summary"]?.string ?? "",
      flags: flags, maximumWorkers: node["maxWorkers"]?.integer ?? 1, timeLimitMs: node["timeoutMs"]?.integer,
      formats: node["formats"]?.elements?.compactMap(\.string), labels: node["labels"]?.elements?.compactMap(\.string),
      schema: node["schema"]?.text())
    do throws(PipelineError) {
      schema =
        try node["schema"].map { schema throws(PipelineError) in try ObjectSchema(jsonSchema: schema) }
        ?? ObjectSchema([])
    } catch {
      throw PipelineError("the schema of '\(name)': \(error.message)", code: .malformed)
    }
    if schema.properties.contains(where: { $0.name == PluginManifest.reservedOption }) {
      throw PipelineError(
        "'\(name)' has an option '\(PluginManifest.reservedOption)', which is the program's",
        code: .malformed)
    }
  }

  private static let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789_-".utf8)

  /// The keys of the manifest and the flags of the header.
  static let flags: [(key: String, flag: PluginTypeFacts.Flags)] = [
    ("needsPicture", .needsPicture), ("needsDetections", .needsDetections), ("needsTracks", .needsTracks),
    ("makesPictures", .makesPictures), ("detects", .detects), ("live", .isLive),
  ]
}
