/// Runs both sides in turns (``Side/order(count:)``) and keeps what each run measured.
public struct Experiment: Sendable {
  /// Runs of each side.
  public let repeats: Int

  public struct Progress: Sendable, Equatable {
    public let finished: Int
    public let total: Int
    public let next: Side
    /// By the mean length of the runs so far; nil before the first has ended.
    public let secondsLeft: Double?
  }

  public init(repeats: Int) { self.repeats = repeats }

  /// - Parameters:
  ///   - seconds: the time from any fixed instant.
  ///   - progress: called before each run.
  ///   - measure: does one run; nil ends the experiment.
  /// - Returns: a value for each run, as many of A as of B: when the experiment ended early, a run without its partner
  ///   is left out.
  public func run<Value>(
    seconds: () -> Double, progress: (Progress) -> Void, measure: (Side) throws -> Value?
  ) rethrows -> Both<[Value]> {
    let order = Side.order(count: repeats), start = seconds()
    var values = Both<[Value]>(a: [], b: [])
    for (index, side) in order.enumerated() {
      let each = index > 0 ? (seconds() - start) / Double(index) : nil
      progress(
        Progress(
          finished: index, total: order.count, next: side, secondsLeft: each.map { $0 * Double(order.count - index) }))
      guard let value = try measure(side) else { break }
      values[side].append(value)
    }
    let pairs = min(values.a.count, values.b.count)
    return values.map { Array($0.prefix(pairs)) }
  }
}
