/// Cohen's d: the difference of two means in units of their common standard deviation.
///
/// d = (mean a - mean b) / s, with s^2 = ((na - 1) sa^2 + (nb - 1) sb^2) / (na + nb - 2) (J. Cohen, "Statistical Power
/// Analysis for the Behavioral Sciences", 2nd edition, 2.5). Cohen calls 0.2 small, 0.5 medium, 0.8 large.
struct CohensD: Sendable, Equatable {
  /// Negative where `a` has the smaller mean. Where neither sample varies: 0 for equal means, infinite otherwise.
  let value: Double

  /// Nil for two single values, which have no common deviation.
  init?(_ a: Sample, _ b: Sample) {
    let degrees = a.count + b.count - 2
    guard degrees > 0 else { return nil }
    let pooled = (Double(a.count - 1) * a.variance + Double(b.count - 1) * b.variance) / Double(degrees)
    let difference = a.mean - b.mean
    value = difference == 0 ? 0 : difference / pooled.squareRoot()
  }
}
