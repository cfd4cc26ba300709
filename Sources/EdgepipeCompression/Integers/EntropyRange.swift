import Foundation

/// The range whose integers tell most of the distribution: the least Kullback-Leibler divergence of the values, those
/// outside moved to the ends, from what remains of them after rounding.
///
/// S. Migacz: "8-bit inference with TensorRT", 2017. There the range is symmetric; here each end is moved in turn.
struct EntropyRange {
  private let counts: [Double]
  private let histogram: ValueHistogram
  private let levels: Int
  /// Ends are tried at every so many bins.
  private static let pace = 16

  init(_ histogram: ValueHistogram, levels: Int) {
    self.histogram = histogram
    self.levels = levels
    counts = histogram.counts
  }

  /// The divergence, in nats, for the bins from `start` up to `end`; infinite where values are moved into a level that
  /// has none of its own.
  func divergence(from start: Int, to end: Int) -> Double {
    let total = counts.reduce(0, +), kept = counts[start..<end].reduce(0, +)
    guard total > 0, kept > 0 else { return .infinity }
    let below = counts[..<start].reduce(0, +), above = counts[end...].reduce(0, +)
    func clipped(_ index: Int) -> Double {
      counts[index] + (index == start ? below : 0) + (index == end - 1 ? above : 0)
    }
    var sum = 0.0
    for level in 0..<levels {
      let first = start + level * (end - start) / levels, next = start + (level + 1) * (end - start) / levels
      var held = 0.0, filled = 0
      for index in first..<next {
        held += counts[index]
        if clipped(index) > 0 { filled += 1 }
      }
      guard filled > 0 else { continue }
      guard held > 0 else { return .infinity }
      let share = held / Double(filled) / kept
      for index in first..<next {
        let value = clipped(index) / total
        if value > 0 { sum += value * log(value / share) }
      }
    }
    return sum
  }

  /// Moves one end to its best place, then the other, until neither moves. Never fewer bins than levels.
  func best() -> ChannelRange {
    var start = 0, end = counts.count
    guard end > levels else { return ChannelRange(low: histogram.low, high: histogram.high) }
    for _ in 0..<4 {
      let before = (start, end)
      // From the whole range inwards: among equals the wider one is taken.
      end = least(Swift.stride(from: counts.count, through: start + levels, by: -Self.pace)) {
        divergence(from: start, to: $0)
      }
      start = least(Swift.stride(from: 0, through: end - levels, by: Self.pace)) { divergence(from: $0, to: end) }
      if (start, end) == before { break }
    }
    return ChannelRange(
      low: histogram.low + Double(start) * histogram.width, high: histogram.low + Double(end) * histogram.width)
  }
}
