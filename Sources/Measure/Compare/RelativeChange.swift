/// How much larger or smaller the mean of one sample is than that of another, and how sure that is.
///
/// The interval is Fieller's for the quotient of two means (E. C. Fieller, "Some problems in interval estimation", JRSS
/// B 16, 1954). With s^2 / n of each sample written as e, r = mean b / mean a, Student's quantile t for Welch's degrees
/// of freedom, and g = t^2 ea / (mean a)^2:
///
///     (r +- t / (mean a) x sqrt((1 - g) eb + r^2 ea)) / (1 - g) - 1
///
/// It takes into account that the baseline was only measured as well. Both ends were chosen so that the interval leaves
/// out 0 exactly where Welch's test gives p below 1 - level.
package struct RelativeChange: Sendable, Equatable {
  /// mean b / mean a - 1: -0.2 where b is 20 % smaller.
  package let change: Double
  /// The ends of the interval; nil where the baseline is too uncertain to divide by.
  package let interval: ClosedRange<Double>?
  /// Two-sided, of Welch's t-test.
  package let pValue: Double
  /// Cohen's d, positive where `b` is larger. Infinite where neither sample varies and the means differ.
  package let effect: Double
}

extension RelativeChange {
  /// Nil where a sample has a single value, and where the baseline's mean is not positive.
  ///
  /// - Parameter level: the confidence of the interval.
  init?(from a: Sample, to b: Sample, level: Double = 0.95) {
    guard a.mean > 0, let test = WelchTest(a, b), let effect = CohensD(b, a) else { return nil }
    let ratio = b.mean / a.mean
    let ea = a.variance / Double(a.count), eb = b.variance / Double(b.count)
    let t = StudentT(degreesOfFreedom: test.degreesOfFreedom).criticalValue(twoSidedTail: 1 - level)
    let g = t * t * ea / (a.mean * a.mean)
    var interval: ClosedRange<Double>?
    if g < 1 {
      let margin = t / a.mean * ((1 - g) * eb + ratio * ratio * ea).squareRoot()
      interval = ((ratio - margin) / (1 - g) - 1)...((ratio + margin) / (1 - g) - 1)
    }
    self.init(change: ratio - 1, interval: interval, pValue: test.pValue, effect: effect.value)
  }
}
