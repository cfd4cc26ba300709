import EdgepipeCore
import Logging
import Pipeline
import Stages

/// How results are sent; the same for all sinks that send.
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
  /// The same limit once the run has been told to end, which leaves ten seconds for all stages together.
  var endingS = 5.0
}

/// Takes results out of a spool, in order, and sees them to their receiver: on a thread of its own, for as long as the
/// run goes on.
final class Dispatcher: Sendable {
  private struct State {
    /// No new results come; what waits may go out until then.
    var flushUntil: MonotonicTime?
    var isReachable = true
    var isDone = false
  }

  /// How long a thread with nothing to do sleeps; whatever comes wakes it.
  private static let sleepMs = 60_000.0
  /// What a sender may take to come back once its time is over.
  private static let graceMs = 3000.0
  /// The longest pause once the run has come to its end.
  private static let flushPauseS = 0.2

  private let spool: Spool
  private let rules: DeliveryRules
  private let receiver: String
  private let clock: any PipelineClock
  private let logger: Logger
  private let stage: String
  private let tell: @Sendable (FaultChange) -> Void
  private let state = Monitor(State())

  /// - Parameters:
  ///   - receiver: how it is called in the log; holds no secret.
  ///   - stage: the sink's id.
  ///   - tell: takes what is wrong with the way to the receiver.
  init(
    _ spool: Spool, rules: DeliveryRules, receiver: String, stage: String, clock: any PipelineClock, logger: Logger,
    tell: @escaping @Sendable (FaultChange) -> Void = { _ in }
  ) {
    self.spool = spool
    self.rules = rules
    self.receiver = receiver
    self.clock = clock
    self.logger = logger
    (self.stage, self.tell) = (stage, tell)
  }

  /// Whether the receiver took what it was given last.
  var isReachable: Bool { state.withLock { $0.isReachable } }

  /// Sends until ``finish()``, and then what is left as long as there is time and the receiver takes it.
  func run(_ sender: any ResultSender) {
    var cursor: Int64 = 0, tries = 0
    var policy = ReconnectPolicy(minS: rules.retryMinS, maxS: rules.retryMaxS, resetS: 0)
    var random = SystemRandomNumberGenerator()
    var unreachableSince: MonotonicTime?
    var offline = OfflineRule(stage: stage, receiver: receiver, clock: clock)
    while !shouldEnd(cursor) {
      let batch = spool.next(
        // One that was refused goes alone, so that those behind it are not sent again with each of its attempts.
        after: cursor, limit: tries > 0 ? 1 : rules.batch, bytes: rules.batchBytes,
        until: clock.now().advanced(byMilliseconds: sender.idleMs ?? Self.sleepMs))
      let rows = batch.rows
      guard !rows.isEmpty else {
        cursor = batch.end
        sender.idle()
        note(sender.reach, &offline)
        // Where there is nothing to wait for: the file cannot be read, or the spool waits no more since the run ends.
        if batch.isUnreadable || isFlushing { pause(seconds: batch.isUnreadable ? 1 : 0.02, whateverComes: isFlushing) }
        continue
      }
      let begin = clock.now()
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
        note(.reached, &offline)
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
        note(.lost(why), since: begin, &offline)
        let away = Double(clock.now().nanoseconds(since: since)) / 1e9
        pauseS = policy.nextDelay(awayS: max(rules.retryMinS, away), using: &random)
        if let retryAfterS { pauseS = max(pauseS, min(retryAfterS, 3600)) }
      case .refused(let why):
        note(.reached, &offline)
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

  /// - Parameter since: when the attempt that has failed began; nil: now.
  private func note(_ reach: Reach, since: MonotonicTime? = nil, _ offline: inout OfflineRule) {
    let change: FaultChange?
    switch reach {
    case .unknown: change = nil
    case .reached: change = offline.reached(waiting: spool.counts.waiting)
    case .lost(let why):
      change = offline.lost(why, since: since ?? clock.now(), waiting: spool.counts.waiting)
    }
    if let change { tell(change) }
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
    state.withLock { $0.flushUntil.map { clock.now() >= $0 } ?? false }
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

  /// Everything is in the spool: sends what is left, for as long as the rules say, and for a few seconds more once
  /// `isEnding` says that somebody waits for the run's end.
  ///
  /// - Returns: whether the sender's thread is done. It is not where a call into the system or a library does not return,
  ///   such as for a name that no server answers for.
  func finish(isEnding: () -> Bool) -> Bool {
    limitFlush(toSeconds: rules.flushS)
    spool.interrupt()
    while true {
      let tick = clock.now().advanced(byMilliseconds: 100)
      if state.wait(until: tick, for: { $0.isDone ? () : nil }) != nil { return true }
      if isEnding() { limitFlush(toSeconds: rules.endingS) }
      let limit = state.withLock { $0.flushUntil } ?? tick
      if clock.now() >= limit.advanced(byMilliseconds: Self.graceMs) { return false }
    }
  }

  /// Time to send is never given back: a later call only shortens it.
  private func limitFlush(toSeconds seconds: Double) {
    let limit = clock.now().advanced(byMilliseconds: seconds * 1000)
    state.change { $0.flushUntil = min(limit, $0.flushUntil ?? limit) }
  }
}
