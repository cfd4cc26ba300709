import Foundation

/// The regularized incomplete beta function I_x(a, b), from which Student's t and the binomial distribution follow.
enum IncompleteBeta {
  /// I_x(a, b) for a, b > 0.
  ///
  /// By the continued fraction of the NIST Digital Library of Mathematical Functions, 8.17.22, evaluated with the
  /// method of Lentz as Thompson and Barnett changed it (Press et al., "Numerical Recipes", 3rd edition, 5.2 and 6.4).
  ///
  /// - Parameters:
  ///   - x: in 0...1.
  ///   - complement: 1 - x, asked for beside x so that the caller need not lose digits where x is close to 1.
  static func regularized(x: Double, complement: Double, a: Double, b: Double) -> Double {
    if x <= 0 { return 0 }
    if complement <= 0 { return 1 }
    // The fraction converges quickly up to about the mean of the distribution; beyond, the other tail is computed.
    if x > (a + 1) / (a + b + 2) {
      return 1 - lowerTail(x: complement, complement: x, a: b, b: a)
    }
    return lowerTail(x: x, complement: complement, a: a, b: b)
  }

  private static func lowerTail(x: Double, complement: Double, a: Double, b: Double) -> Double {
    let logFront = a * log(x) + b * log(complement) + lgamma(a + b).0 - lgamma(a).0 - lgamma(b).0
    return exp(logFront) / a * fraction(x: x, a: a, b: b)
  }

  /// 1 / (1 + d1 / (1 + d2 / (1 + ...))), which needs about sqrt(max(a, b)) terms.
  private static func fraction(x: Double, a: Double, b: Double) -> Double {
    // Stands for a zero denominator: far smaller than what counts, far larger than what overflows when divided by.
    let tiny = 1e-300
    func nonZero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / nonZero(1 - (a + b) * x / (a + 1))
    var result = d
    for m in 1...100_000 {
      let m = Double(m)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 / nonZero(1 + term * d)
        c = nonZero(1 + term / c)
        result *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return result
  }
}
