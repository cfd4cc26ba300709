package import EdgepipeCore
import Foundation

/// The plugins in some folders, each of which is one plugin or holds several. Reads manifests and loads nothing.
package struct PluginCatalog: Sendable {
  package struct Problem: Sendable {
    /// As it was given.
    package let path: String
    package let error: PipelineError
  }

  package private(set) var plugins: [FoundPlugin] = []
  package private(set) var problems: [Problem] = []

  /// - Parameter optional: folders that need not be there.
  package init(paths: [String], optional: [String] = []) {
    for path in optional where FileManager.default.fileExists(atPath: path) { add(path) }
    for path in paths { add(path) }
  }

  /// Those that belong to one type name.
  package func plugins(of type: String) -> [FoundPlugin] {
    plugins.filter { $0.manifest.types.contains { $0.facts.type == type } }
  }

  private mutating func add(_ path: String) {
    if Self.isPlugin(path) { return read(path, of: path) }
    let folders: [String]
    do { folders = try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { path + "/" + $0 } } catch {
      return problems.append(
        Problem(
          path: path,
          error: PipelineError(
            "there is no folder '\(path)' of plugins", remedy: "name a folder with a \(PluginManifest.fileName)",
            code: .notFound)))
    }
    let found = folders.filter(Self.isPlugin)
    if found.isEmpty {
      problems.append(
        Problem(
          path: path,
          error: PipelineError("'\(path)' has no \(PluginManifest.fileName), nor has a folder in it", code: .notFound)))
    }
    for folder in found { read(folder, of: path) }
  }

  private mutating func read(_ folder: String, of path: String) {
    do throws(PipelineError) {
      let plugin = try FoundPlugin(folder: folder)
      if !plugins.contains(where: { $0.folder == plugin.folder }) { plugins.append(plugin) }
    } catch { problems.append(Problem(path: path, error: error)) }
  }

  private static func isPlugin(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/" + PluginManifest.fileName)
  }
}
