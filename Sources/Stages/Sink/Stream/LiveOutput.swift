import EdgepipeCore
import Logging
import Pipeline

/// One stream's way out: a thread that opens a carrier, sends through it and opens it again after a loss, behind a short
/// queue, so that nothing out there holds up the pipeline.
///
/// What cannot go out is left out before it is encoded: a picture of H.264 that is missing would spoil those after it.
/// After a loss it goes on with a key frame.
final class LiveOutput: Sendable {
  struct Settings: Sendable {
    /// How long opening, and sending one picture, may take, in seconds.
    var timeoutS = 5.0
    var policy = ReconnectPolicy(minS: 1, maxS: 45, resetS: 30)
    /// The pause after a refused user or password, in seconds.
    var refusedS = 60.0
    /// Pictures that wait.
    var capacity = 32
    /// What is left at the end of a run may take so long, in seconds: less than the run's own drain.
    var drainS = 4.0
  }

  enum Admission: Sendable, Hashable {
    /// To be encoded and given to ``push(_:ticket:)`` with the ticket.
    case taken(isKey: Bool, ticket: Int)
    /// Nobody takes it now.
    case closed
    /// As many wait as may.
    case full
  }

  struct Figures: Sendable, Hashable {
    var sent = 0
    /// Not encoded, since nobody took them or too many waited.
    var dropped = 0
    /// Encoded, and lost with a connection.
    var lost = 0
    /// How often a carrier was opened.
    var openings = 0
    var isOpen = false
    /// The last loss.
    var error: String?
  }

  private struct State {
    /// Counts the openings: what was encoded for one is of no use to the next.
    var ticket = 0
    var needsKey = true
    var hasTried = false
    var isEnding = false
    var isAborted = false
    var hasEnded = false
    var queue: [EncodedPicture] = []
    var figures = Figures()
  }

  /// Such as `rtsp://user:***@host/door`.
  let name: String
  private let settings: Settings
  private let logger: Logger
  private let clock = SystemClock()
  private let state = Monitor(State())

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - name: where it goes, for messages, without secrets.
  ///   - stage: whose time the thread's is.
  init(
    name: String, stage: String, census: ThreadCensus, logger: Logger, settings: Settings = Settings(),
    opening: @escaping StreamOpening
  ) throws(PipelineError) {
    (self.name, self.settings, self.logger) = (name, settings, logger)
    let body: @Sendable () -> Void = { [self] in
      census.register(stage: stage)
      run(opening)
      census.unregister()
      state.change { $0.hasEnded = true }
    }
    // Not joined: an end that waits for a name server would wait too long. `finish` waits as long as is right.
    _ = try WorkerThread(name: "\(stage) out", body)
  }

  var figures: Figures { state.withLock { $0.figures } }

  /// Asks whether a picture may go out, and counts it where not.
  ///
  /// - Parameter isWaiting: for a stream that can wait, such as a file: waits for the first opening, and while it is open
  ///   for a place in the queue, for as long as sending one picture may take.
  func admit(isWaiting: Bool) -> Admission {
    guard isWaiting else { return state.withLock { admit(&$0) } }
    let deadline = clock.now().advanced(byMilliseconds: settings.timeoutS * 1000)
    let admission = state.wait(until: deadline) { state -> Admission? in
      let isPending = state.figures.isOpen ? state.queue.count >= settings.capacity : !state.hasTried
      return isPending && !state.hasEnded ? nil : admit(&state)
    }
    return admission ?? state.withLock { admit(&$0) }
  }

  private func admit(_ state: inout State) -> Admission {
    if state.figures.isOpen, !state.isEnding, state.queue.count < settings.capacity {
      defer { state.needsKey = false }
      return .taken(isKey: state.needsKey, ticket: state.ticket)
    }
    state.figures.dropped += 1
    return state.figures.isOpen ? .full : .closed
  }

  /// Queues a picture that was admitted.
  func push(_ picture: EncodedPicture, ticket: Int) {
    state.change { state in
      guard state.figures.isOpen, state.ticket == ticket else { return state.figures.lost += 1 }
      state.queue.append(picture)
    }
  }

  /// No more pictures come: what waits goes out if that is possible in time.
  func end() { state.change { $0.isEnding = true } }

  /// Waits until everything has gone out or the time for it is over.
  func finish() {
    end()
    func wait(_ seconds: Double) -> Bool {
      state.wait(until: clock.now().advanced(byMilliseconds: seconds * 1000)) { $0.hasEnded ? true : nil } ?? false
    }
    if wait(settings.drainS) { return }
    state.change { $0.isAborted = true }
    _ = wait(1)
  }

  // MARK: - The thread

  private func run(_ opening: StreamOpening) {
    let guardian = ReadGuard(clock: clock) { [self] in
      // Who has not been let in when the run ends has nothing to send.
      state.withLock { $0.isAborted || $0.isEnding && !$0.figures.isOpen }
    }
    var policy = settings.policy, lostSince = clock.now(), hasWarned = false
    while !state.withLock({ $0.isEnding }) {
      do throws(StreamLoss) {
        guardian.allow(seconds: settings.timeoutS)
        let carrier = try opening(guardian)
        open()
        try send(through: carrier, guardian, &policy)
        return
      } catch {
        // Asked first: a run that ends as soon as it hears of the loss is still told why.
        let isStopping = guardian.isStopping
        if close(error) || policy.isFresh { lostSince = clock.now() }
        if isStopping { return }
        if !hasWarned {
          logger.warning("cannot stream to '\(name)': \(error.error); it is retried until the run ends")
          hasWarned = true
        } else {
          logger.debug("cannot stream to '\(name)': \(error.error)")
        }
        let now = clock.now(), awayS = Double(now.nanoseconds(since: lostSince)) / 1e9
        var random = SystemRandomNumberGenerator()
        let pauseS = error.isRefused ? settings.refusedS : policy.nextDelay(awayS: awayS, using: &random)
        _ = state.wait(until: now.advanced(byMilliseconds: pauseS * 1000)) { $0.isEnding ? true : nil }
      }
    }
  }

  private func open() {
    state.change { state in
      state.ticket += 1
      (state.needsKey, state.hasTried, state.figures.isOpen) = (true, true, true)
      state.figures.openings += 1
    }
  }

  /// - Returns: whether it was open before.
  private func close(_ loss: StreamLoss) -> Bool {
    state.change { state in
      defer {
        state.figures.lost += state.queue.count
        state.queue.removeAll()
        (state.hasTried, state.figures.isOpen) = (true, false)
        state.figures.error = loss.error.description
      }
      return state.figures.isOpen
    }
  }

  private func send(
    through carrier: any StreamCarrier, _ guardian: ReadGuard, _ policy: inout ReconnectPolicy
  ) throws(StreamLoss) {
    let opened = clock.now()
    while let picture = next() {
      guardian.allow(seconds: settings.timeoutS)
      do throws(StreamLoss) { try carrier.send(picture) } catch {
        state.withLock { $0.figures.lost += 1 }
        throw error
      }
      state.withLock { $0.figures.sent += 1 }
      if !policy.isFresh, clock.now().nanoseconds(since: opened) >= Int64(policy.resetS * 1e9) { policy.reset() }
    }
    guardian.allow(seconds: settings.timeoutS)
    try carrier.finish()
  }

  /// The picture that has waited longest; nil at the end of the run.
  private func next() -> EncodedPicture? {
    enum Turn {
      case picture(EncodedPicture)
      case end
    }
    let turn: Turn = state.wait { state in
      if state.isAborted { return .end }
      if !state.queue.isEmpty { return .picture(state.queue.removeFirst()) }
      return state.isEnding ? .end : nil
    }
    if case .picture(let picture) = turn { return picture }
    return nil
  }
}
