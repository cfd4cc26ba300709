import EdgepipeCore
import EdgepipePluginHost
import Foundation

/// Writes into a manifest what the plugin's file says of itself: its hash, and of a library the interface's version and the
/// stage types. For authors, after each build. It loads the library.
package enum PluginSeal {
  /// - Parameter folder: with `plugin.json` and the file that it names.
  /// - Returns: the sealed plugin.
  /// - Throws: what is wrong with the manifest or the library.
  package static func seal(_ folder: String) throws -> FoundPlugin {
    let path = folder + "/" + PluginManifest.fileName
    let plugin = try FoundPlugin(folder: folder)
    guard
      var object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
        as? [String: Any]
    else { throw PipelineError("'\(path)' is no object in JSON", code: .malformed) }
    object["sha256"] = try FileHash.sha256(of: URL(fileURLWithPath: plugin.file))
    if !plugin.manifest.isPython {
      let library: PluginLibrary
      do throws(PluginFailure) { library = try PluginLibrary(opening: plugin.file) } catch { throw error.error }
      object["abi"] = "\(library.abi.major).\(library.abi.minor)"
      object["name"] = library.name
      object["version"] = library.version
      object["types"] = try library.types.map(entry)
    }
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    try WholeFile.write(to: path, bytes: Array(data) + [UInt8(ascii: "\n")])
    // What has been written must be readable.
    return try FoundPlugin(folder: folder)
  }

  /// A stage type as the manifest has it.
  private static func entry(_ facts: PluginTypeFacts) throws -> [String: Any] {
    let roles: [PluginTypeFacts.Role: String] = [.source: "source", .transform: "transform", .sink: "sink"]
    var entry: [String: Any] = ["type": facts.type, "role": roles[facts.role] ?? "", "summary": facts.summary]
    for (key, flag) in PluginManifest.StageType.flags where facts.flags.contains(flag) { entry[key] = true }
    if facts.maximumWorkers > 1 { entry["maxWorkers"] = facts.maximumWorkers }
    if let limit = facts.timeLimitMs { entry["timeoutMs"] = limit }
    if let formats = facts.formats { entry["formats"] = formats }
    if let labels = facts.labels { entry["labels"] = labels }
    if let schema = facts.schema {
      guard let value = try? JSONSerialization.jsonObject(with: Data(schema.utf8)) else {
        throw PipelineError("the configuration's schema of '\(facts.type)' is not JSON", code: .malformed)
      }
      entry["schema"] = value
    }
    return entry
  }
}
