/// Runs both sides as a schedule says, and keeps what each run measured.
package struct Experiment: Sendable {
  let schedule: Schedule

  package struct Progress: Sendable, Equatable {
    package let finished: Int
    package let total: Int
    package let next: Side
    /// By the mean length of the runs so far; nil before the first has ended.
    package let secondsLeft: Double?
  }

  /// One run and what it measured.
  package struct Measured<Value> {
    let turn: Schedule.Turn
    package let value: Value

    init(_ turn: Schedule.Turn, _ value: Value) {
      self.turn = turn
      self.value = value
    }
  }

  package init(_ schedule: Schedule) { self.schedule = schedule }

  /// - Parameters:
  ///   - seconds: the time from any fixed instant.
  ///   - progress: called before each run.
  ///   - measure: does one run; nil ends the experiment.
  /// - Returns: the runs in order. When the experiment ended early, those of whole rounds.
  package func run<Value>(
    seconds: () -> Double, progress: (Progress) -> Void, measure: (Side) throws -> Value?
  ) rethrows -> [Measured<Value>] {
    let turns = schedule.turns, start = seconds()
    var runs: [Measured<Value>] = []
    for (index, turn) in turns.enumerated() {
      let each = index > 0 ? (seconds() - start) / Double(index) : nil
      progress(
        Progress(
          finished: index, total: turns.count, next: turn.side,
          secondsLeft: each.map { $0 * Double(turns.count - index) }))
      guard let value = try measure(turn.side) else { break }
      runs.append(Measured(turn, value))
    }
    return Array(runs.prefix(runs.count / schedule.runsOfRound * schedule.runsOfRound))
  }
}

extension Experiment.Measured: Sendable where Value: Sendable {}
extension Experiment.Measured: Equatable where Value: Equatable {}
