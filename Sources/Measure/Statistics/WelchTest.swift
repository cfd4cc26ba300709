/// Welch's t-test: do two samples come from distributions with the same mean? Their variances may differ.
///
/// B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
/// Biometrika 34 (1947). With s^2 / n of each sample written as e:
///
///     t = (mean a - mean b) / sqrt(ea + eb)
///     degrees of freedom = (ea + eb)^2 / (ea^2 / (na - 1) + eb^2 / (nb - 1))
struct WelchTest: Sendable, Equatable {
  /// Negative where `a` has the smaller mean. Infinite where neither sample varies and the means differ.
  let t: Double
  let degreesOfFreedom: Double
  /// Two-sided: the probability of a difference at least as large if the means were the same.
  let pValue: Double

  /// Nil where a sample has a single value: nothing is known of its variance then.
  ///
  /// Where neither sample varies there is no chance in the figures: p is 1 for equal means and 0 otherwise.
  init?(_ a: Sample, _ b: Sample) {
    guard a.count > 1, b.count > 1 else { return nil }
    let difference = a.mean - b.mean
    let ea = a.variance / Double(a.count), eb = b.variance / Double(b.count)
    let sum = ea + eb
    guard sum > 0 else {
      t = difference == 0 ? 0 : difference < 0 ? -.infinity : .infinity
      degreesOfFreedom = Double(a.count + b.count - 2)
      pValue = difference == 0 ? 1 : 0
      return
    }
    // Shares of the sum instead of squares, which may leave the range of numbers.
    let shareA = ea / sum, shareB = eb / sum
    t = difference / sum.squareRoot()
    degreesOfFreedom = 1 / (shareA * shareA / Double(a.count - 1) + shareB * shareB / Double(b.count - 1))
    pValue = StudentT(degreesOfFreedom: degreesOfFreedom).twoSidedTail(t)
  }
}
