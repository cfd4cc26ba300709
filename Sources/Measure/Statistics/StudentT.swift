/// Student's t distribution.
struct StudentT: Sendable, Equatable {
  /// Greater than 0; need not be whole.
  let degreesOfFreedom: Double

  init(degreesOfFreedom: Double) { self.degreesOfFreedom = degreesOfFreedom }

  /// The probability of a value at least as far from 0 as `t`, on either side: I_x(n / 2, 1 / 2) with x = n / (n + t^2)
  /// and n degrees of freedom (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.1).
  func twoSidedTail(_ t: Double) -> Double {
    guard t.isFinite else { return t.isNaN ? .nan : 0 }
    // With t / sqrt(n) instead of t^2 nothing overflows on the way, and the small one of the two keeps its digits.
    let ratio = (t / degreesOfFreedom.squareRoot()) * (t / degreesOfFreedom.squareRoot())
    guard ratio.isFinite else { return 0 }
    return IncompleteBeta.regularized(
      x: 1 / (1 + ratio), complement: ratio / (1 + ratio), a: degreesOfFreedom / 2, b: 0.5)
  }

  /// The t whose two-sided tail is `probability`, in 0...1: 0 for 1, infinite for 0. For a confidence interval of
  /// 95 % ask for 0.05.
  ///
  /// Found by halving, until the two ends are neighbouring numbers: the tail falls with t, so nothing can go astray.
  func criticalValue(twoSidedTail probability: Double) -> Double {
    if probability >= 1 { return 0 }
    guard probability > 0 else { return .infinity }
    var low = 0.0, high = 1.0
    while twoSidedTail(high) > probability, high.isFinite { (low, high) = (high, high * 2) }
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return middle }
      if twoSidedTail(middle) > probability { low = middle } else { high = middle }
    }
  }

  /// The value below which the share `probability` of the distribution lies.
  func quantile(_ probability: Double) -> Double {
    probability < 0.5
      ? -criticalValue(twoSidedTail: 2 * probability) : criticalValue(twoSidedTail: 2 * (1 - probability))
  }
}
