import EdgepipeCore
import Pipeline
import Stages
import Synchronization

/// Tells that no server is left for a stage's model, and that there is one again.
final class ServerOutage: Sendable {
  static let fault = "offline"

  private let context: StageContext
  private let consequence: String
  private let since = Mutex<(time: MonotonicTime, wall: WallTime)?>(nil)

  init(_ context: StageContext, mode: PlacementMode) {
    self.context = context
    consequence = mode.usesEdge ? "the work is done here" : "frames go on without results"
  }

  func tell(_ change: WatchedServer.Change) {
    let now = context.clock.now()
    switch change {
    case .gone(let failure, let begin):
      let elapsed = max(0, now.nanoseconds(since: begin))
      let wall = WallTime(nanoseconds: context.clock.wallTime().nanoseconds - elapsed)
      since.withLock { $0 = (begin, wall) }
      context.announce(
        FaultChange(
          Self.fault, stage: context.id, since: wall, figures: [.init("noticed_s", Double(elapsed) / 1e9)],
          message: "no server of '\(context.id)' answers; \(consequence): \(failure.message)"))
    case .back:
      guard
        let loss = since.withLock({ since in
          defer { since = nil }
          return since
        })
      else { return }
      let seconds = max(0, Double(now.nanoseconds(since: loss.time)) / 1e9)
      context.announce(
        FaultChange(
          Self.fault, stage: context.id, since: loss.wall, over: seconds, figures: [.init("away_s", seconds)],
          message: "a server of '\(context.id)' answers again"))
    }
  }
}
