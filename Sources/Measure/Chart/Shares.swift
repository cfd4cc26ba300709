/// Shares of a whole as percentages that add up to it.
enum Shares {
  /// Each value as a percentage of their sum, in tenths of a percent that add up to exactly 1,000.
  ///
  /// Rounded down, then the tenths that are missing go to the largest remainders (the method of Hamilton), of equal ones
  /// to the first. All are 0 when the sum is not positive.
  static func tenths(_ values: [Double]) -> [Int] {
    let clean = values.map { $0.isFinite ? max(0, $0) : 0 }
    let whole = clean.reduce(0, +)
    guard whole > 0, whole.isFinite else { return values.map { _ in 0 } }
    let exact = clean.map { $0 / whole * 1000 }
    var result = exact.map { Int($0.rounded(.down)) }
    let missing = max(0, 1000 - result.reduce(0, +))
    let order = exact.indices.sorted { left, right in
      let first = exact[left] - Double(result[left])
      let second = exact[right] - Double(result[right])
      return first == second ? left < right : first > second
    }
    for index in order.prefix(missing) { result[index] += 1 }
    return result
  }

  /// `12.5 %`.
  static func text(_ tenths: Int) -> String { "\(tenths / 10).\(tenths % 10) %" }
}
