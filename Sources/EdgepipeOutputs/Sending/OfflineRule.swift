import EdgepipeCore
import Pipeline

/// Tells that a receiver cannot be reached while results wait for it, and that it is back.
///
/// What lasts less than ``holdS`` is no fault: one attempt fails and the next one is taken.
struct OfflineRule {
  static let fault = "offline"
  static let holdS = 2.0

  private struct Loss {
    let since: MonotonicTime
    let wall: WallTime
    var isTold = false
  }

  private let stage: String
  private let receiver: String
  private let clock: any PipelineClock
  private var loss: Loss?

  init(stage: String, receiver: String, clock: any PipelineClock) {
    (self.stage, self.receiver, self.clock) = (stage, receiver, clock)
  }

  /// - Parameter since: when what has failed began.
  mutating func lost(_ why: String, since: MonotonicTime, waiting: Int) -> FaultChange? {
    let now = clock.now()
    let wall = WallTime(nanoseconds: clock.wallTime().nanoseconds - max(0, now.nanoseconds(since: since)))
    var loss = loss ?? Loss(since: since, wall: wall)
    defer { self.loss = loss }
    guard !loss.isTold, Self.seconds(now, loss.since) >= Self.holdS else { return nil }
    loss.isTold = true
    return FaultChange(
      Self.fault, stage: stage, since: loss.wall, figures: [.init("waiting", Double(waiting))],
      message: "\(receiver) cannot be reached; results wait in the spool: \(why)")
  }

  mutating func reached(waiting: Int) -> FaultChange? {
    guard let loss else { return nil }
    self.loss = nil
    guard loss.isTold else { return nil }
    let seconds = Self.seconds(clock.now(), loss.since)
    return FaultChange(
      Self.fault, stage: stage, since: loss.wall, over: max(0, seconds), figures: [.init("waiting", Double(waiting))],
      message: "\(receiver) takes results again")
  }

  private static func seconds(_ now: MonotonicTime, _ since: MonotonicTime) -> Double {
    Double(now.nanoseconds(since: since)) / 1e9
  }
}
