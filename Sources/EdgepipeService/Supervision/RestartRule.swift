/// How long to wait before a run that has ended by itself is started again: one second, then twice as long each time,
/// up to a minute.
struct RestartRule: Sendable, Hashable {
  static let longestS = 60.0
  /// A run that went on for so long had no trouble with its beginning.
  static let steadyS = 60.0

  private var nextS = 1.0

  /// The pause after a run's end.
  ///
  /// - Parameters:
  ///   - ranForS: from its start to its end.
  ///   - isLasting: trying again soon cannot help, as with a wrong pipeline file.
  mutating func pauseS(ranForS: Double, isLasting: Bool) -> Double {
    if ranForS >= Self.steadyS { nextS = 1 }
    let pause = isLasting ? Self.longestS : nextS
    nextS = min(Self.longestS, nextS * 2)
    return pause
  }
}
