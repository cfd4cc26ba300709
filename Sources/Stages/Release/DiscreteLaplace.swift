import Foundation

/// Whole numbers of a discrete Laplace distribution: the probability of y is proportional to exp(-|y| * epsilon / sensitivity).
///
/// Drawn exactly, with whole numbers alone, so that no rounding of logarithms tells which sums are possible (Mironov 2012): algorithms
/// 1 and 2 of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (2020).
struct DiscreteLaplace: Sendable, Hashable {
  /// The scale, `sensitivity / epsilon`, is this by ``divisor``.
  let dividend: UInt64
  let divisor: UInt64

  static let millionths: UInt64 = 1_000_000
  /// So that no product below overflows.
  static let mostSensitivity: UInt64 = 1 << 22

  /// - Parameters:
  ///   - sensitivity: by how much one person changes the sum of all numbers that are released with it, at least 1.
  ///   - epsilonMillionths: of epsilon, at least 1.
  init(sensitivity: UInt64, epsilonMillionths: UInt64) {
    let sensitivity = min(max(1, sensitivity), Self.mostSensitivity), epsilon = max(1, epsilonMillionths)
    var (a, b) = (sensitivity * Self.millionths, epsilon)
    while b != 0 { (a, b) = (b, a % b) }
    (dividend, divisor) = (sensitivity * Self.millionths / a, epsilon / a)
  }

  var scale: Double { Double(dividend) / Double(divisor) }

  /// What the noise stays within, either way, with this probability: the smallest such whole number.
  func bound(_ probability: Double) -> Int {
    // P(|Y| > m) = 2 q^(m+1) / (1 + q) with q = exp(-1 / scale).
    let outside = 1 - min(max(probability, 0), 1)
    guard outside > 0 else { return .max }
    let q = 1 / scale
    let m = (log(2 / outside) - log(1 + exp(-q))) / q - 1
    return max(0, Int(exactly: m.rounded(.up)) ?? .max)
  }

  /// - Parameter random: must be cryptographic, as the system's is.
  func sample(using random: inout some RandomNumberGenerator) -> Int {
    while true {
      let remainder = UInt64.random(in: 0..<dividend, using: &random)
      guard Self.isHit(exponent: remainder, dividend, using: &random) else { continue }
      var whole: UInt64 = 0
      while Self.isHit(exponent: 1, 1, using: &random) { whole += 1 }
      let size = (remainder + dividend * whole) / divisor
      let isNegative = Bool.random(using: &random)
      // Zero would come twice.
      if isNegative, size == 0 { continue }
      return isNegative ? -Int(clamping: size) : Int(clamping: size)
    }
  }

  /// True with the probability exp(-exponent / unit), for an exponent of at most one unit.
  private static func isHit(exponent: UInt64, _ unit: UInt64, using random: inout some RandomNumberGenerator) -> Bool {
    var k: UInt64 = 1
    while UInt64.random(in: 0..<(unit * k), using: &random) < exponent { k += 1 }
    return !k.isMultiple(of: 2)
  }
}
