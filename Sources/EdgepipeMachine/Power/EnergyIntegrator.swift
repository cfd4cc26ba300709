package import EdgepipeCore

/// Adds up readings of one meter to energy over time.
///
/// Power is integrated by the trapezoidal rule, counters by their differences. A reading that failed leaves a gap that
/// the next one bridges: counters lose nothing by it, power is taken as a straight line across it.
package struct EnergyIntegrator: Sendable {
  private var last: (time: MonotonicTime, reading: PowerReading)?
  /// Energy from the first reading to the last.
  package private(set) var joules = 0.0
  /// Time from the first reading to the last, without spans that a counter's reset hides.
  package private(set) var seconds = 0.0
  private(set) var readings = 0

  package init() {}

  /// - Returns: mean watts since the reading before; nil for the first, and where no time has passed.
  @discardableResult
  package mutating func add(_ reading: PowerReading, at time: MonotonicTime) -> Double? {
    readings += 1
    guard let before = last else {
      last = (time, reading)
      return nil
    }
    let span = Double(time.nanoseconds(since: before.time)) / 1e9
    guard span > 0 else { return nil }
    last = (time, reading)
    guard let energy = Self.energy(from: before.reading, to: reading, seconds: span), energy.isFinite else {
      return nil
    }
    joules += energy
    seconds += span
    return energy / span
  }

  private static func energy(from before: PowerReading, to now: PowerReading, seconds: Double) -> Double? {
    switch (before, now) {
    case (.watts(let first), .watts(let second)): return (first + second) / 2 * seconds
    case (.energy(let first), .energy(let second)):
      let earlier = Dictionary(first.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
      var sum = 0.0
      for counter in second {
        // A part that was not there before, or that was reset: its share of this span is not known.
        guard let start = earlier[counter.id], let joules = counter.joules(since: start) else { return nil }
        sum += joules
      }
      return sum
    default: return nil
    }
  }
}
