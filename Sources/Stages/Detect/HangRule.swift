/// Finds the inferences that take too long, by looks at a regular pace.
///
/// The time between two looks counts up to a limit only: where the whole process was stopped or had no processor, no inference
/// hangs for that.
struct HangRule: Sendable {
  private struct Seen: Sendable {
    var run: Int
    var milliseconds: Double
    var isTold: Bool
  }

  /// How many times its usual time an inference may take at least, whatever the limit: on a slow machine a large model does not
  /// hang.
  private static let patience = 5.0
  /// Before the first answer it is that many times the limit: the first one prepares much.
  private static let firstPatience = 4.0

  let timeoutMs: Double
  /// Of the time between two looks, this much counts at most.
  let mostMs: Double
  private var seen: [Int: Seen] = [:]

  init(timeoutMs: Double, everyMs: Double) { (self.timeoutMs, mostMs) = (timeoutMs, 2 * everyMs) }

  /// - Parameters:
  ///   - runs: by worker, the number of the inference that is under way.
  ///   - elapsedMs: since the look before.
  ///   - usualMs: what an inference usually takes; nil before the first answer.
  /// - Returns: the workers whose inference has now taken too long; each inference is told once.
  mutating func look(_ runs: [Int: Int], elapsedMs: Double, usualMs: Double?) -> [Int] {
    let limit = usualMs.map { max(timeoutMs, Self.patience * $0) } ?? Self.firstPatience * timeoutMs
    let counts = min(max(0, elapsedMs), mostMs)
    var hanging: [Int] = []
    seen = seen.filter { runs[$0.key] == $0.value.run }
    for (worker, run) in runs {
      guard var known = seen[worker] else {
        seen[worker] = Seen(run: run, milliseconds: 0, isTold: false)
        continue
      }
      known.milliseconds += counts
      if known.milliseconds >= limit, !known.isTold {
        known.isTold = true
        hanging.append(worker)
      }
      seen[worker] = known
    }
    return hanging.sorted()
  }
}
