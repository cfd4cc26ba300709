import Detectors
import EdgepipeCore
import Logging
import Synchronization

/// The servers of one model: who gets a request, who is asked again, and who is back. Safe to use from any thread.
final class ServerGroup: Sendable {
  struct Settings: Sendable {
    /// The longest that an answer is waited for, whoever waits for it.
    var timeoutMs = 1000.0
    var inFlight = 16
    var bytesPerHour = 0
    /// Probes while there are no requests.
    var idleSeconds = 1.0
    var probeTimeoutMs = 1000.0
    var attempts = 2
  }

  struct Counts: Sendable {
    /// Answers that nobody waited for any more.
    var lateAnswers = 0
    var retries = 0
    var overBudget = 0
  }

  private struct State {
    var budget: ByteBudget
    var counts = Counts()
    /// What a request took in bytes, of the last one.
    var usualBytes: Int?
    var random: SplitMix64
    var next = 0
    var isGone = false
  }

  let servers: [WatchedServer]
  private let settings: Settings
  private let clock: any PipelineClock
  private let lanes: RequestLanes
  private let logger: Logger
  private let check: @Sendable (ServerDescription) -> RemoteFailure?
  private let tell: @Sendable (WatchedServer.Change) -> Void
  private let cancellation = CallCancellation()
  private let isSaturated = Atomic<Bool>(false)
  private let state: Mutex<State>
  /// Changes with each request that ends: what waits for room looks again.
  let turns = Monitor(0)

  /// - Parameters:
  ///   - check: what is wrong with the model that a server has.
  ///   - tell: no server is left, or the first one is back.
  init(
    _ servers: [any InferenceServer], _ settings: Settings, stage: String, clock: any PipelineClock, logger: Logger,
    census: ThreadCensus, seed: UInt64, check: @escaping @Sendable (ServerDescription) -> RemoteFailure?,
    tell: @escaping @Sendable (WatchedServer.Change) -> Void
  ) {
    self.servers = servers.map { WatchedServer($0, most: settings.inFlight) }
    (self.settings, self.clock, self.logger, self.check, self.tell) = (settings, clock, logger, check, tell)
    lanes = RequestLanes(stage: stage, most: settings.inFlight + servers.count, census: census)
    state = Mutex(
      State(budget: ByteBudget(perHour: settings.bytesPerHour), random: SplitMix64(seed: seed)))
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// Whether this machine's processors are busy with other things, so that what requests take says little of the servers.
  func note(isSaturated: Bool) { self.isSaturated.store(isSaturated, ordering: .relaxed) }

  /// Sends a request.
  ///
  /// - Returns: nil where no server has room for it.
  func start(_ input: Tensor) -> RemoteCall? {
    let began = clock.now()
    guard let server = choose(at: began) else { return nil }
    let call = RemoteCall(), request = InferRequest(id: takeID(), input: input)
    let isTaken = lanes.submit { [self] in
      let outcome = infer(request, at: server, began)
      if !call.finish(outcome), case .success = outcome { state.withLock { $0.counts.lateAnswers += 1 } }
      turns.change { $0 &+= 1 }
    }
    guard isTaken else {
      server.giveBack()
      return nil
    }
    return call
  }

  private func takeID() -> String {
    state.withLock { state in
      state.next &+= 1
      return String(state.next)
    }
  }

  /// Whether one more request may be paid for.
  func canSpend(_ bytes: Int) -> Bool {
    let now = clock.now()
    return state.withLock { state in
      let isAllowed = state.budget.allows(state.usualBytes ?? bytes, at: now)
      if !isAllowed { state.counts.overBudget += 1 }
      return isAllowed
    }
  }

  /// Of two at random that have room, the one with less to do (Mitzenmacher 2001); it keeps a place for the request.
  private func choose(at now: MonotonicTime, but other: WatchedServer? = nil) -> WatchedServer? {
    var open = servers.filter { $0 !== other && $0.hasRoom }
    while !open.isEmpty {
      let first = state.withLock { Int.random(in: 0..<open.count, using: &$0.random) }
      var index = first
      if open.count > 1 {
        var second = state.withLock { Int.random(in: 0..<open.count - 1, using: &$0.random) }
        if second >= first { second += 1 }
        if open[second].load(at: now) < open[first].load(at: now) { index = second }
      }
      if open[index].begin() { return open[index] }
      open.remove(at: index)
    }
    return nil
  }

  private func infer(
    _ request: InferRequest, at first: WatchedServer, _ began: MonotonicTime
  ) -> Result<InferAnswer, RemoteFailure> {
    let limit = began.advanced(byMilliseconds: settings.timeoutMs)
    var server = first, start = began
    for attempt in 1... {
      let outcome = server.server.outcome(request, until: limit, cancellation)
      let now = clock.now()
      note(server.end(outcome, began: start, at: now, isSaturated: isSaturated.load(ordering: .relaxed)), of: server)
      switch outcome {
      case .success(let answer):
        let bytes = answer.sentBytes + answer.receivedBytes
        state.withLock { state in
          state.budget.spend(bytes)
          state.usualBytes = bytes
        }
        return outcome
      case .failure(let failure):
        // What went out before it failed is not known: it counts as the whole request.
        state.withLock { $0.budget.spend(request.input.buffer.byteCount) }
        guard attempt < settings.attempts, failure.kind.isWorthAnother, let other = choose(at: now, but: server)
        else { return outcome }
        if let needed = other.forecast(0.5, at: now), now.advanced(byMilliseconds: needed) > limit {
          other.giveBack()
          return outcome
        }
        state.withLock { $0.counts.retries += 1 }
        (server, start) = (other, now)
      }
    }
    return .failure(RemoteFailure(.late, "no attempt is left"))
  }

  // MARK: Probes

  /// Sends what small requests are due. Called several times a second.
  func look() {
    let now = clock.now()
    for server in servers where server.takesProbe(idleSeconds: settings.idleSeconds, at: now) {
      let isTaken = lanes.submit { [self] in probe(server) }
      // All lanes wait for answers: none is idle.
      if !isTaken { _ = server.endProbe(RemoteFailure(.cancelled, "no thread is free"), began: now, at: now) }
    }
  }

  /// Asks every server what it has, all at once.
  ///
  /// - Returns: of each, why it cannot be used; nil where it can.
  func ask(until limit: MonotonicTime) -> [RemoteFailure?] {
    let answers = Monitor([RemoteFailure??](repeating: nil, count: servers.count))
    for (index, server) in servers.enumerated() {
      let isTaken = lanes.submit { [self] in
        let began = clock.now(), failure = describe(server, until: limit)
        note(server.endProbe(failure, began: began, at: clock.now()), of: server)
        if failure == nil { server.noteChecked() }
        answers.change { $0[index] = .some(failure) }
      }
      if !isTaken { answers.change { $0[index] = .some(RemoteFailure(.late, "no thread is free")) } }
    }
    return answers.wait { answers in
      let known = answers.compactMap { $0 }
      return known.count == answers.count ? known : nil
    }
  }

  private func probe(_ server: WatchedServer) {
    let began = clock.now(), limit = began.advanced(byMilliseconds: settings.probeTimeoutMs)
    let failure: RemoteFailure?
    if server.isChecked && server.isUsable {
      failure = server.server.probeFailure(until: limit)
    } else {
      failure = describe(server, until: limit)
      if failure == nil { server.noteChecked() }
    }
    note(server.endProbe(failure, began: began, at: clock.now()), of: server)
  }

  private func describe(_ server: WatchedServer, until limit: MonotonicTime) -> RemoteFailure? {
    switch server.server.description(until: limit) {
    case .failure(let failure): failure
    case .success(let description): check(description)
    }
  }

  private func note(_ change: WatchedServer.Change?, of server: WatchedServer) {
    guard let change else { return }
    switch change {
    case .gone(let failure, _):
      logger.warning("\(server.name) gets no more frames for now: \(failure.message)")
      let isAll = !servers.contains(where: \.isUsable)
      let isNew = state.withLock { state in
        defer { if isAll { state.isGone = true } }
        return isAll && !state.isGone
      }
      if isNew { tell(change) }
    case .back:
      logger.notice("\(server.name) gets frames again")
      let wasGone = state.withLock { state in
        defer { state.isGone = false }
        return state.isGone
      }
      if wasGone { tell(change) }
    }
  }

  /// Ends the requests that are under way, and those that would follow.
  func cancel() {
    cancellation.cancel()
    turns.change { $0 &+= 1 }
  }

  /// Ends what is under way.
  func close() {
    cancellation.cancel()
    for server in servers { server.server.close() }
    lanes.close()
  }
}

extension RemoteFailure.Kind {
  /// Whether another server may do better.
  fileprivate var isWorthAnother: Bool {
    switch self {
    case .unreachable, .busy, .failed, .malformed, .refused, .unsafe, .mismatch: true
    case .late, .cancelled: false
    }
  }
}

extension InferenceServer {
  fileprivate func outcome(
    _ request: InferRequest, until limit: MonotonicTime, _ cancellation: CallCancellation
  ) -> Result<InferAnswer, RemoteFailure> {
    do throws(RemoteFailure) { return .success(try infer(request, until: limit, cancellation)) } catch {
      return .failure(error)
    }
  }

  fileprivate func description(until limit: MonotonicTime) -> Result<ServerDescription, RemoteFailure> {
    do throws(RemoteFailure) { return .success(try describe(until: limit)) } catch { return .failure(error) }
  }

  fileprivate func probeFailure(until limit: MonotonicTime) -> RemoteFailure? {
    do throws(RemoteFailure) {
      try probe(until: limit)
      return nil
    } catch { return error }
  }
}
