import EdgepipeCore
import Logging
import Stages

/// How results are sent, for every sink that sends.
struct DeliveryRules: Sendable {
  /// Results of one call of the sender, at most.
  var batch = 500
  var batchBytes = 1 << 20
  /// Pauses after a receiver could not be reached.
  var retryMinS = 0.5
  var retryMaxS = 30.0
  /// A result that was refused so often is put aside.
  var tries = 5
  /// At the end of a run, what waits may still go out for so long.
  var flushS = 5.0
}

/// Takes results out of a spool, in order, and sees them to their receiver: on a thread of its own, for as long as the
/// run goes on.
final class Dispatcher: Sendable {
  private struct State {
    /// No new results come; what waits may go out until then.
    var flushUntil: MonotonicTime?
    var isOver = false
    var isReachable = true
    var isDone = false
  }

  /// How long a thread with nothing to do sleeps; whatever comes wakes it.
  private static let sleepMs = 60_000.0
  /// The longest pause once the run has come to its end.
  private static let flushPauseS = 0.2

  private let spool: Spool
  private let rules: DeliveryRules
  private let receiver: String
  private let clock: any PipelineClock
  private let logger: Logger
  private let state = Monitor(State())

  /// - Parameter receiver: how it is called in the log; holds no secret.
  init(_ spool: Spool, rules: DeliveryRules, receiver: String, clock: any PipelineClock, logger: Logger) {
    self.spool = spool
    self.rules = rules
    self.receiver = receiver
    self.clock = clock
    self.logger = logger
  }

  /// Whether the receiver took what it was given last.
  var isReachable: Bool { state.withLock { $0.isReachable } }

  /// Sends until ``finish()``, and then what is left as long as there is time and the receiver takes it.
  func run(_ sender: any ResultSender) {
    var cursor: Int64 = 0, tries = 0
    var policy = ReconnectPolicy(minS: rules.retryMinS, maxS: rules.retryMaxS, resetS: 0)
    var random = SystemRandomNumberGenerator()
    var unreachableSince: MonotonicTime?
    while !shouldEnd(cursor) {
      let rows = spool.next(
        after: cursor, limit: rules.batch, bytes: rules.batchBytes,
        until: clock.now().advanced(byMilliseconds: sender.idleMs ?? Self.sleepMs))
      guard !rows.isEmpty else {
        sender.idle()
        // At the end the spool does not wait any more; what the disk does not take is not waited for at full speed.
        if isFlushing { pause(seconds: 0.02, whateverComes: true) }
        continue
      }
      let result = sender.send(rows.map(\.item)) { self.isOver }
      let accepted = min(max(0, result.accepted), rows.count)
      if accepted > 0 {
        cursor = rows[accepted - 1].sequence
        tries = 0
        spool.acknowledge(through: cursor, items: accepted)
      }
      guard let obstacle = result.obstacle else {
        if let since = unreachableSince { noteReturn(since) }
        unreachableSince = nil
        policy.reset()
        continue
      }
      spool.noteFailedAttempt()
      var pauseS: Double
      switch obstacle {
      case .unreachable(let why, let retryAfterS):
        if unreachableSince == nil { noteLoss(why) }
        let since = unreachableSince ?? clock.now()
        unreachableSince = since
        let away = Double(clock.now().nanoseconds(since: since)) / 1e9
        pauseS = policy.nextDelay(awayS: max(rules.retryMinS, away), using: &random)
        if let retryAfterS { pauseS = max(pauseS, min(retryAfterS, 3600)) }
      case .refused(let why):
        tries += 1
        pauseS = rules.retryMinS
        if accepted < rows.count, tries >= rules.tries {
          let row = rows[accepted]
          logger.warning("\(receiver) refuses '\(row.item.id)', which is put aside: \(why)")
          spool.putAside(row.sequence, why)
          (cursor, tries, pauseS) = (row.sequence, 0, 0)
        }
      }
      // At the end there is little time, and somebody waits.
      if isFlushing {
        pause(seconds: min(pauseS, Self.flushPauseS), whateverComes: true)
      } else {
        pause(seconds: pauseS)
      }
    }
    sender.close()
    state.change { $0.isDone = true }
  }

  private func noteLoss(_ why: String) {
    state.withLock { $0.isReachable = false }
    logger.warning("\(receiver) cannot be reached; results wait in the spool: \(why)")
  }

  private func noteReturn(_ since: MonotonicTime) {
    state.withLock { $0.isReachable = true }
    let seconds = Double(clock.now().nanoseconds(since: since)) / 1e9
    logger.notice("\(receiver) takes results again, after \((seconds * 10).rounded() / 10) s")
  }

  private var isOver: Bool {
    state.withLock { $0.isOver || $0.flushUntil.map { clock.now() >= $0 } ?? false }
  }

  private func shouldEnd(_ cursor: Int64) -> Bool {
    isOver || isFlushing && spool.isDelivered(through: cursor)
  }

  private var isFlushing: Bool { state.withLock { $0.flushUntil != nil } }

  /// - Parameter whateverComes: also where the run has come to its end.
  private func pause(seconds: Double, whateverComes: Bool = false) {
    _ = state.wait(until: clock.now().advanced(byMilliseconds: seconds * 1000)) { state in
      !whateverComes && state.flushUntil != nil ? true : nil
    }
  }

  /// Everything is in the spool: sends what is left, for as long as the rules say. Returns when the sender's thread is done.
  func finish() {
    state.change { $0.flushUntil = clock.now().advanced(byMilliseconds: rules.flushS * 1000) }
    spool.interrupt()
    state.wait { $0.isDone ? () : nil }
  }

  /// The sender's thread was never started.
  func neverRan() { state.change { $0.isDone = true } }
}
