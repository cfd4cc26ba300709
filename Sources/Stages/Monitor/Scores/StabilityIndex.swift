import Foundation

/// The population stability index (PSI): how far one distribution over bins has moved from another,
/// the sum over the bins of (a - b) ln(a / b), with shares a and b.
///
/// Below 0.1 it is usually read as no change, from 0.25 on as a change that matters (N. Siddiqi, "Credit Risk
/// Scorecards", 2006). Without any change, samples of n and m have about (bins - 1) (1/n + 1/m) (B. Yurdakul, "Statistical
/// Properties of Population Stability Index", 2018): small samples look like change.
enum StabilityIndex {
  /// A bin that is empty on one side would count for infinity: each that is not empty on both gets half a case more.
  static let prior = 0.5

  /// - Parameters:
  ///   - a: counts by bin.
  ///   - b: counts in the same bins.
  /// - Returns: 0 for equal shares, and where nothing was counted at all on one side.
  static func index(_ a: [Int], _ b: [Int]) -> Double {
    let bins = zip(a, b).filter { $0 > 0 || $1 > 0 }
    let n = bins.reduce(0) { $0 + $1.0 }, m = bins.reduce(0) { $0 + $1.1 }
    guard n > 0, m > 0 else { return 0 }
    let more = prior * Double(bins.count)
    return bins.reduce(0) { sum, bin in
      let share = (Double(bin.0) + prior) / (Double(n) + more), usual = (Double(bin.1) + prior) / (Double(m) + more)
      return sum + (share - usual) * log(share / usual)
    }
  }

  /// What two samples of one distribution have on average.
  static func expected(bins: Int, _ n: Int, _ m: Int) -> Double {
    guard n > 0, m > 0 else { return .infinity }
    return Double(max(0, bins - 1)) * (1 / Double(n) + 1 / Double(m))
  }
}
