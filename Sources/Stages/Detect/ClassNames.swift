import Detectors
import EdgepipeCore

/// Class names of a pipeline file, looked up in a model's list.
enum ClassNames {
  /// - Throws: a ``PipelineError`` (`invalidConfiguration`) that names every unknown class and the nearest known one.
  static func indices(of names: [String], in manifest: ModelManifest) throws(PipelineError) -> [Int] {
    let unknown = names.filter { ClassName.index(of: $0, in: manifest.classes) == nil }
    guard unknown.isEmpty else {
      let words = unknown.map { name in
        NearestName.suggestion(for: name, among: manifest.classes).map { "'\(name)' (did you mean '\($0)'?)" }
          ?? "'\(name)'"
      }
      throw PipelineError(
        "the model '\(manifest.name)' has no class \(words.joined(separator: ", "))",
        remedy: "`edgepipe models info \(manifest.name)` lists its classes", code: .invalidConfiguration)
    }
    return names.compactMap { ClassName.index(of: $0, in: manifest.classes) }
  }
}
