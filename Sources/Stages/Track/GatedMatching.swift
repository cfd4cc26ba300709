/// Pairs observations with tracks so that the sum of similarities is greatest; only pairs that are similar enough count.
/// Scratch memory is kept between calls. Used by one thread.
struct GatedMatching {
  private var assignment = Assignment()
  private var similarities: [Float] = []
  private var columns: [Int] = []

  init() {}

  /// - Parameters:
  ///   - minimum: the least similarity (> 0) of a pair.
  ///   - baseline: what is taken off each similarity before it is summed up. 0 prefers many pairs to close ones;
  ///     `minimum` lets a pair that barely counts weigh nothing, which is an assignment with a cost limit.
  ///   - similarity: by row and column, called once for each pair; 0 for what may not be paired.
  ///   - pair: called for each pair, in the order of the rows.
  mutating func solve(
    rows: Int, columns columnCount: Int, minimum: Float, baseline: Float = 0,
    similarity: (_ row: Int, _ column: Int) -> Float, pair: (_ row: Int, _ column: Int) -> Void
  ) {
    guard rows > 0, columnCount > 0 else { return }
    similarities.removeAll(keepingCapacity: true)
    for row in 0..<rows {
      for column in 0..<columnCount {
        // What may not match weighs nothing, so that it cannot push a good pair aside; this holds for NaN too.
        let value = similarity(row, column)
        similarities.append(value >= minimum ? value : 0)
      }
    }
    let similarities = similarities
    assignment.solve(rows: rows, columns: columnCount, columnOfRow: &columns) {
      let value = similarities[$0 * columnCount + $1]
      return value > 0 ? -Double(value - baseline) : 0
    }
    for row in 0..<rows where columns[row] >= 0 {
      if similarities[row * columnCount + columns[row]] >= minimum { pair(row, columns[row]) }
    }
  }
}
