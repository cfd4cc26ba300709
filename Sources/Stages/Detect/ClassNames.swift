import Detectors
import Pipeline

/// Class names of a pipeline file, looked up in a model's list.
enum ClassNames {
  /// - Throws: a ``PipelineError`` (exit code 78) that names every unknown class and the nearest known one.
  static func indices(of names: [String], in manifest: ModelManifest) throws -> [Int] {
    let unknown = names.filter { !manifest.classes.contains($0) }
    guard unknown.isEmpty else {
      let words = unknown.map { name in
        nearest(name, among: manifest.classes).map { "'\(name)' (did you mean '\($0)'?)" } ?? "'\(name)'"
      }
      throw PipelineError(
        "the model '\(manifest.name)' knows no class \(words.joined(separator: ", "))",
        remedy: "`edgepipe models info \(manifest.name)` lists its classes", exit: .config)
    }
    return names.compactMap { manifest.classes.firstIndex(of: $0) }
  }

  /// The name with the fewest edits from `word`, when those are at most a third of its letters (or one).
  static func nearest(_ word: String, among names: [String]) -> String? {
    let letters = Array(word.lowercased())
    let ranked = names.map { (name: $0, edits: edits(letters, Array($0.lowercased()))) }
    let best = ranked.min { $0.edits < $1.edits }
    return best.flatMap { $0.edits <= max(1, letters.count / 3) ? $0.name : nil }
  }

  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        (diagonal, row[j + 1]) = (row[j + 1], min(row[j + 1] + 1, row[j] + 1, diagonal + (x == y ? 0 : 1)))
      }
    }
    return row[b.count]
  }
}
