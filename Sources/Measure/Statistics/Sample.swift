import Foundation

/// Repeated measurements of one thing, in any one unit, and what describes them.
///
/// There is at least one value and all are finite, so that nothing below has to fail.
package struct Sample: Sendable, Equatable {
  /// In the order of measuring.
  let values: [Double]
  let sorted: [Double]

  /// Nil for no values, and for values that are not finite.
  init?(_ values: [Double]) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    self.values = values
    sorted = values.sorted()
  }

  var count: Int { values.count }
  var minimum: Double { sorted[0] }
  var maximum: Double { sorted[sorted.count - 1] }
  package var mean: Double { values.reduce(0, +) / Double(count) }
  var median: Double { quantile(0.5) }

  /// Variance with n - 1 in the denominator (Bessel's correction); 0 for a single value.
  var variance: Double {
    guard count > 1 else { return 0 }
    let center = mean
    return values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(count - 1)
  }

  var standardDeviation: Double { variance.squareRoot() }

  /// The value below which the share `fraction` (0 to 1) of the sample lies, linear between neighbours: the default of
  /// `numpy.quantile` (type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996).
  func quantile(_ fraction: Double) -> Double {
    let position = min(max(fraction, 0), 1) * Double(count - 1)
    let below = Int(position)
    guard below + 1 < count else { return maximum }
    return sorted[below] + (position - Double(below)) * (sorted[below + 1] - sorted[below])
  }
}
