import Detectors
import Foundation

/// One row of `edgepipe models list`.
struct ModelEntry: Encodable {
  var name: String
  /// `installed`, `available` (can be pulled) or `damaged` (its manifest cannot be read).
  var state: String
  var summary: String
  /// Nil when the model is damaged.
  var manifest: ModelManifest?

  /// Built-in models first, then the user's own.
  static func all(in store: ModelStore) -> [ModelEntry] {
    let builtins = BuiltinModels.all.map { builtin in
      entry(builtin.name, in: store)
        ?? ModelEntry(name: builtin.name, state: "available", summary: builtin.summary, manifest: builtin.manifest)
    }
    let own = store.installedNames().filter { BuiltinModels.find($0) == nil }
    return builtins + own.compactMap { entry($0, in: store) }
  }

  private static func entry(_ name: String, in store: ModelStore) -> ModelEntry? {
    guard store.isInstalled(name) else { return nil }
    do {
      let manifest = try store.manifest(name)
      return ModelEntry(
        name: name, state: "installed", summary: BuiltinModels.find(name)?.summary ?? manifest.origin,
        manifest: manifest)
    } catch {
      return ModelEntry(name: name, state: "damaged", summary: "\(error)", manifest: nil)
    }
  }

  static func printJSON(_ entries: [ModelEntry]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    Terminal.out(String(decoding: try encoder.encode(entries), as: UTF8.self))
  }
}
