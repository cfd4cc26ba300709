import EdgepipeCore

/// The last times that something took, by which the next one is forecast, as quantiles.
///
/// Old ones go after ``longestSeconds``. When three in a row lie outside of what the others say by half, the others belong to
/// another time, such as before the network changed, and go at once.
struct DurationWindow: Sendable {
  private struct Sample {
    var milliseconds: Double
    var at: MonotonicTime
  }

  static let capacity = 32
  static let longestSeconds = 5.0
  private static let run = 3

  private var samples: [Sample] = []

  var isEmpty: Bool { samples.isEmpty }
  var count: Int { samples.count }
  var last: MonotonicTime? { samples.last?.at }

  mutating func add(_ milliseconds: Double, at now: MonotonicTime) {
    guard milliseconds.isFinite, milliseconds >= 0 else { return }
    if samples.count == Self.capacity { samples.removeFirst() }
    samples.append(Sample(milliseconds: milliseconds, at: now))
    forgetOtherTimes()
  }

  mutating func removeAll() { samples.removeAll(keepingCapacity: true) }

  /// Nil where nothing recent is known. The nearest rank: what `q` of the samples do not exceed.
  func quantile(_ q: Double, at now: MonotonicTime) -> Double? {
    let sorted = recent(now)
    guard !sorted.isEmpty else { return nil }
    let rank = Int((min(1, max(0, q)) * Double(sorted.count)).rounded(.up))
    return sorted[min(sorted.count - 1, max(0, rank - 1))]
  }

  func smallest(at now: MonotonicTime) -> Double? { recent(now).first }

  private func recent(_ now: MonotonicTime) -> [Double] {
    let limit = Int64(Self.longestSeconds * 1e9)
    return samples.lazy.filter { now.nanoseconds(since: $0.at) <= limit }.map(\.milliseconds).sorted()
  }

  private mutating func forgetOtherTimes() {
    guard samples.count > 2 * Self.run else { return }
    let newest = samples.suffix(Self.run).map(\.milliseconds)
    let others = samples.dropLast(Self.run).map(\.milliseconds).sorted()
    let low = others[others.count / 4], high = others[others.count * 3 / 4]
    guard newest.allSatisfy({ $0 * 1.5 < low }) || newest.allSatisfy({ $0 > high * 1.5 }) else { return }
    samples.removeFirst(samples.count - Self.run)
  }
}
