import Synchronization

/// What a source stage's streams share: where they are in the graph, and where their accounts are kept.
struct SourceSite: Sendable {
  let id: String
  /// The stage's index in the graph.
  let index: Int
  let stage: any SourceStage
  let keepsImage: Bool
  let outputs: Outputs
  let metrics: StageMetrics
  let ledger: Ledger
  let control: RunControl
  let census: ThreadCensus
  let health: HealthBoard
  /// The ports of the sinks that are told of the streams' states.
  let observers: [InputPort]
}

/// Runs one stream on its thread and admits its frames: this is where the ledger opens.
final class StreamRunner: SourceOutput {
  private struct State {
    var paused: Int64 = 0
    var emitCPU: Int64 = 0
    var lastReturn: MonotonicTime
  }

  let stream: StreamInfo
  let figures = StreamMetrics()
  private let site: SourceSite
  private let gate: CreditGate
  private let state: Mutex<State>
  private let removed = Atomic<Bool>(false)
  private let working = Atomic<Bool>(true)

  init(_ stream: StreamInfo, site: SourceSite, framesInFlight: Int) {
    self.stream = stream
    self.site = site
    gate = CreditGate(limit: framesInFlight)
    state = Mutex(State(lastReturn: site.control.clock.now()))
  }

  var isWorking: Bool { working.load(ordering: .relaxed) }

  /// Admits nothing any more and wakes the source if it waits.
  func stop() { gate.close() }

  /// Ends this stream alone; what is in flight is still delivered.
  func remove() {
    removed.store(true, ordering: .relaxed)
    gate.close()
    site.control.nudge()
  }

  /// The stream's whole life, on the thread that calls.
  func work() {
    site.census.register(stage: site.id)
    if site.control.waitUntilReady() {
      state.withLock { $0.lastReturn = site.control.clock.now() }
      do {
        try site.stage.run(stream, self)
      } catch {
        let error = PipelineError(error, stage: site.id)
        if error.consequence == .stopPipeline { site.control.fail(error) } else { fail(stream: stream.id, error) }
        if figures.current.health != nil { health(.ended, attempt: 1, error: error.message) }
      }
      if let health = figures.current.health, health.state != .ended {
        self.health(.ended, attempt: health.attempt, error: nil)
      }
    }
    let emitCPU = state.withLock { $0.emitCPU }
    site.metrics.update { $0.frameworkCPUNanoseconds += emitCPU }
    site.census.unregister()
    finish()
  }

  /// The stream's thread has ended, or was never started.
  func finish() { working.store(false, ordering: .relaxed) }

  // MARK: SourceOutput

  var isStopping: Bool { removed.load(ordering: .relaxed) || site.control.isStopping }

  func emit(_ frame: Frame) -> Admission {
    let arrival = site.control.clock.now(), cpu = SystemClock.threadCPUNanoseconds()
    let admission = admit(frame)
    let emitCPU = SystemClock.threadCPUNanoseconds() - cpu
    let service = state.withLock { state -> Int64 in
      let service = arrival.nanoseconds(since: state.lastReturn) - state.paused
      state.emitCPU += emitCPU
      state.paused = 0
      state.lastReturn = site.control.clock.now()
      return service
    }
    if admission != .stopped { site.metrics.update { $0.service.record(nanoseconds: service) } }
    return admission
  }

  private func admit(_ frame: Frame) -> Admission {
    let hasDeadline = frame.header.deadline != nil
    if isStopping { return .stopped }
    if stream.isLive {
      guard gate.tryTake() else {
        site.ledger.open(stream: stream.id)
        if hasDeadline { figures.update { $0.withDeadline += 1 } }
        site.ledger.close(stream: stream.id, .dropped(stage: site.id, reason: .noCredit))
        site.metrics.update { $0.framesIn += 1 }
        site.metrics.drop(.noCredit)
        return .dropped(.noCredit)
      }
    } else {
      guard gate.take() else { return .stopped }
    }
    site.ledger.open(stream: stream.id)
    if hasDeadline { figures.update { $0.withDeadline += 1 } }
    site.metrics.update { values in
      values.framesIn += 1
      values.framesOut += 1
    }
    let ticket = FrameTicket(header: frame.header, source: site.index) { [self] in close($1, $0) }
    var frame = frame
    if !site.keepsImage { frame.image = nil }
    site.outputs.pass(on: Token(ticket: ticket, frame: frame))
    return .admitted
  }

  /// A frame has met its fate.
  private func close(_ ticket: FrameTicket, _ fate: FrameFate) {
    let header = ticket.header
    let now = site.control.clock.now()
    figures.update { values in
      if ticket.wasDetected { values.detected += 1 }
      guard fate == .delivered else { return }
      values.latency.record(nanoseconds: now.nanoseconds(since: header.captured))
      values.queueing.record(nanoseconds: ticket.queueingNanoseconds)
      if let deadline = header.deadline {
        if now <= deadline { values.inTime += 1 } else { values.late += 1 }
      }
    }
    site.ledger.close(stream: stream.id, fate)
    gate.giveBack()
  }

  func wait(until deadline: MonotonicTime) -> Bool {
    let start = site.control.clock.now()
    let goesOn = site.control.sleep(until: deadline) { removed.load(ordering: .relaxed) }
    let paused = site.control.clock.now().nanoseconds(since: start)
    state.withLock { $0.paused += paused }
    return goesOn
  }

  func report(position: MediaTime, duration: MediaTime?) {
    figures.update { values in
      values.position = position
      values.duration = duration
    }
  }

  func count(_ name: String, _ increment: Int) {
    site.metrics.update { $0.counters[name, default: 0] += increment }
  }

  func health(_ state: StreamState, attempt: Int, error: String?) {
    guard let change = site.health.note(state, stream: stream, attempt: attempt, error: error, metrics: figures) else {
      return
    }
    for port in site.observers { port.push(change) }
  }

  func fail(stream: String, _ error: PipelineError) {
    var error = error
    error.stage = error.stage ?? site.id
    site.control.failStream(StreamFailure(stream: stream, error: error))
  }
}
