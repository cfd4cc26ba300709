/// How long to wait before the next connection: decorrelated jitter, so that many cameras behind one switch do not all
/// come back at the same moment (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
/// sleep = min(max, random(min, 3 * previous sleep)). No pause is longer than the stream has been away, so that a camera
/// that is back is found again within the time for which it was gone.
package struct ReconnectPolicy: Sendable {
  let minS: Double
  let maxS: Double
  /// So many seconds of frames make a connection stable; the next loss starts from `minS` again.
  let resetS: Double
  private var previousS: Double
  /// True until the first pause after a reset.
  package private(set) var isFresh = true

  package init(minS: Double, maxS: Double, resetS: Double) {
    self.minS = minS
    // A lower limit above the upper one would leave no choice.
    self.maxS = max(minS, maxS)
    self.resetS = resetS
    previousS = minS
  }

  /// Seconds until the next attempt, from `minS` to `maxS`.
  ///
  /// - Parameter awayS: seconds since the stream was lost, or since it was last stable where it comes and goes.
  package mutating func nextDelay(awayS: Double, using random: inout some RandomNumberGenerator) -> Double {
    let upper = max(minS, min(previousS * 3, awayS))
    isFresh = false
    previousS = min(maxS, Double.random(in: minS...upper, using: &random))
    return previousS
  }

  package mutating func reset() {
    previousS = minS
    isFresh = true
  }
}
