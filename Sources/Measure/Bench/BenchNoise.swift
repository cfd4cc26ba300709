import Foundation

/// Whether the machine was quiet enough for the figures to mean something, and if not, why.
struct BenchNoise: Sendable {
  /// Sentences for people.
  let warnings: [String]

  /// Limits above which a sentence is due.
  enum Limit {
    /// Of all cores' time.
    static let others = 0.05
    static let steal = 0.01
    /// Threads that ran beforehand, a core.
    static let loadPerCore = 0.25
    /// Of the repeats' medians, as a share.
    static let spread = 0.1
    /// The usual protocol's demand.
    static let standardError = 0.05
  }

  init(_ result: BenchResult, figures: [BenchFigures?]) {
    var list: [String] = []
    if let load = result.loadBefore, load.oneMinute > Limit.loadPerCore * Double(result.cores) {
      list.append(
        "before the start the load average was \(Self.number(load.oneMinute, 2)) on \(result.cores) cores: "
          + "other programs were running")
    }
    let shares = figures.compactMap { $0?.machine }
    if let range = Self.range(shares.map(\.others), above: Limit.others) {
      list.append("other programs used \(range) of the cores' time during the measurement")
    }
    if let range = Self.range(shares.map(\.steal), above: Limit.steal) {
      list.append("the hypervisor gave \(range) of the cores' time to other virtual machines")
    }
    for (row, figures) in zip(result.rows, figures) {
      if let figures, let text = Self.unsteady(figures) { list.append("\(row.configuration.label): \(text)") }
      let threads = row.configuration.threads * row.configuration.workers
      if figures != nil, threads > result.cores {
        list.append("\(row.configuration.label): \(threads) threads share \(result.cores) cores")
      }
    }
    if let failure = result.rows.lazy.flatMap(\.repeats).compactMap(\.meterFailure).first {
      list.append("energy not measured: \(failure)")
    }
    warnings = list
  }

  /// `5.1 %` or `5.1 to 7.4 %`, when the highest is above the limit.
  private static func range(_ shares: [Double], above limit: Double) -> String? {
    guard let lowest = shares.min(), let highest = shares.max(), highest > limit else { return nil }
    let texts = [percent(lowest), percent(highest)]
    return texts[0] == texts[1] ? texts[1] : "\(number(lowest * 100, 1)) to \(texts[1])"
  }

  private static func unsteady(_ figures: BenchFigures) -> String? {
    let errors = [("median", figures.p50), ("rate", figures.rate)].compactMap { name, sample in
      sample?.relativeStandardError.map { (name: name, value: $0) }
    }
    if let worst = errors.max(by: { $0.value < $1.value }), worst.value > Limit.standardError {
      return "the standard error of the \(worst.name) is \(percent(worst.value)), above 5 %: use more repeats"
    }
    guard let spread = figures.spread, spread > Limit.spread, let p50 = figures.p50 else { return nil }
    return "the medians of the repeats range from \(number(p50.minimum, 2)) to \(number(p50.maximum, 2)) ms"
  }

  private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
  private static func percent(_ share: Double) -> String { number(share * 100, 1) + " %" }
}
