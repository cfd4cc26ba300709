/// Finds what somebody meant who wrote `scroe`.
package enum NearestName {
  /// The known name that is nearest to `word`, or nil when none is near enough to be meant.
  package static func suggestion(for word: String, among known: [String]) -> String? {
    // Longer words are no slips of the pen, and comparing them takes time that a hostile file could ask for.
    guard word.utf8.count <= 64 else { return nil }
    let lowered = word.lowercased()
    // `yolo` for `detect.yolo`.
    if !word.isEmpty, let whole = known.first(where: { $0.lowercased().hasSuffix("." + lowered) }) { return whole }
    let letters = Array(lowered.unicodeScalars)
    let limit = letters.count <= 3 ? 1 : letters.count <= 6 ? 2 : 3
    var best: (name: String, distance: Int)?
    for name in known {
      let candidate = Array(name.lowercased().unicodeScalars)
      // A word of which nothing stays is another word.
      let allowed = min(limit, max(letters.count, candidate.count) - 1)
      guard abs(candidate.count - letters.count) <= allowed else { continue }
      let distance = distance(letters, candidate)
      if distance <= allowed, distance < best?.distance ?? .max { best = (name, distance) }
    }
    return best?.name
  }

  /// Edit distance with transpositions of neighbours (optimal string alignment).
  static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i]
      for j in 1...b.count {
        let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        var cost = min(replaced, last[j] + 1, row[j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, beforeLast[j - 2] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
