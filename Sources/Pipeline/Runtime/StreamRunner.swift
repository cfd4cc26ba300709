import EdgepipeCore
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
  let health: HealthBoard
  /// The ports of the sinks that are told of the streams' states.
  let observers: [InputPort]
  let run: RunContext
}

/// Runs one stream on its thread and admits its frames: this is where the ledger opens.
final class StreamRunner: SourceOutput, TicketAccount {
  private struct State {
    var paused: Int64 = 0
    var overhead = SampledCPUTime()
    var lastReturn: MonotonicTime
    var probe: ThreadProbe?
  }

  let stream: StreamInfo
  let figures = StreamMetrics()
  private let site: SourceSite
  private let gate: CreditGate
  private let framesInFlight: @Sendable (StreamInfo) -> Int
  private let account: Ledger.StreamAccount
  /// The stream's number in the run.
  private let number: Int
  private let state: Mutex<State>
  private let removed = Atomic<Bool>(false)
  /// Where the source sleeps; true once it must not. Its own, since cameras of one rate all wake at once.
  private let sleeper = Monitor(false)
  private let working = Atomic<Bool>(true)

  /// - Parameter framesInFlight: how many frames of the stream may be in the pipeline at once.
  init(_ stream: StreamInfo, site: SourceSite, framesInFlight: @escaping @Sendable (StreamInfo) -> Int) {
    self.stream = stream
    self.site = site
    self.framesInFlight = framesInFlight
    gate = CreditGate(limit: framesInFlight(stream))
    account = site.run.ledger.account(of: stream.id)
    number = site.run.journal.number(of: stream) ?? site.run.instruments.spans?.nextNumber() ?? 0
    site.run.instruments.spans?.name(stream.id, number: number)
    state = Mutex(State(lastReturn: site.run.clock.now()))
  }

  var isWorking: Bool { working.load(ordering: .relaxed) }

  /// Admits nothing any more and wakes the source if it waits.
  func stop() {
    gate.close()
    sleeper.change { $0 = true }
  }

  /// Ends this stream alone; what is in flight is still delivered.
  func remove() {
    removed.store(true, ordering: .relaxed)
    stop()
  }

  /// The stream's whole life, on the thread that calls.
  func work() {
    site.run.census.register(stage: site.id)
    if site.run.control.waitUntilReady() {
      state.withLock { state in
        state.probe = site.run.instruments.probe(stage: site.id, thread: stream.id)
        state.probe?.begin()
        state.lastReturn = site.run.clock.now()
      }
      var failure: PipelineError?
      do {
        try site.stage.run(stream, self)
      } catch {
        let error = PipelineError(error, stage: site.id)
        failure = error
        if error.consequence == .stopPipeline { site.run.control.fail(error) } else { note(error, of: stream.id) }
        if figures.current.health != nil { health(.ended, attempt: 1, error: error.message) }
      }
      if let health = figures.current.health, health.state != .ended {
        self.health(.ended, attempt: health.attempt, error: nil)
      }
      site.run.journal.recorder?.append(.streamEnd(stream: number, failure))
    }
    let overhead = state.withLock { state in
      state.probe?.finish(site.metrics)
      return state.overhead.nanoseconds
    }
    site.metrics.update { $0.frameworkCPUNanoseconds += overhead }
    site.run.census.unregister()
    finish()
  }

  /// The stream's thread has ended, or was never started.
  func finish() { working.store(false, ordering: .relaxed) }

  // MARK: SourceOutput

  var isStopping: Bool { removed.load(ordering: .relaxed) || site.run.control.isStopping }

  func emit(_ frame: Frame) -> Admission {
    let arrival = site.run.clock.now()
    let (service, paused) = state.withLock { state in
      state.overhead.begin()
      let key = FrameKey(stream: number, sequence: frame.header.sequence)
      state.probe?.worked(on: key, enqueued: state.lastReturn, from: state.lastReturn, to: arrival)
      return (arrival.nanoseconds(since: state.lastReturn) - state.paused, state.paused)
    }
    let admission = admit(frame)
    // One reading for both, so that no time falls between waiting and the work on the next frame.
    let end = site.run.clock.now()
    if admission != .stopped {
      site.metrics.update { values in
        values.service.record(nanoseconds: service)
        values.workNanoseconds += service
        values.pausedNanoseconds += paused
        values.blockedNanoseconds += end.nanoseconds(since: arrival)
      }
    }
    state.withLock { state in
      state.overhead.end()
      state.paused = 0
      state.lastReturn = end
      state.probe?.passedOn(at: end)
    }
    return admission
  }

  private func admit(_ frame: Frame) -> Admission {
    if isStopping { return .stopped }
    if stream.isLive {
      guard gate.tryTake() else {
        record(frame, dropped: .noCredit)
        refuse(frame, .noCredit)
        return .dropped(.noCredit)
      }
    } else {
      guard gate.take() else { return .stopped }
    }
    var frame = frame
    frame.options = site.run.options.current
    if site.run.pictures.chooses(stream.id) { frame.isWatched = true }
    record(frame, dropped: nil)
    passOn(frame)
    return .admitted
  }

  private func record(_ frame: Frame, dropped: DropReason?) {
    site.run.journal.recorder?.append(
      .frame(
        .init(frame.header, stream: number, optionsVersion: frame.options?.version ?? 0, dropped: dropped)))
  }

  private func open(_ frame: Frame) {
    account.open()
    if frame.header.deadline != nil { figures.update { $0.withDeadline += 1 } }
    site.metrics.countArrival()
  }

  private func refuse(_ frame: Frame, _ reason: DropReason) {
    open(frame)
    let key = FrameKey(stream: number, sequence: frame.header.sequence)
    site.run.instruments.spans?.note(loss: key, stage: site.id, reason: reason.rawValue, at: site.run.clock.now())
    account.close(.dropped(stage: site.id, reason: reason))
    site.metrics.drop(reason)
  }

  /// A credit has been taken for the frame.
  ///
  /// - Parameter isLost: it could not be made and leaves only its place.
  private func passOn(_ frame: Frame, isLost: Bool = false) {
    open(frame)
    if isLost { site.metrics.update { $0.failed += 1 } } else { site.metrics.countDeparture() }
    let ticket = FrameTicket(header: frame.header, source: site.index, stream: number, account: self)
    if isLost { ticket.lose(.failed(stage: site.id)) }
    var frame = frame
    if !site.keepsImage, !frame.isWatched { frame.image = nil }
    site.outputs.pass(on: Token(ticket: ticket, frame: isLost ? nil : frame))
  }

  func now() -> MonotonicTime { site.run.clock.now() }

  func release(_ ticket: FrameTicket) { gate.giveBack() }

  func close(_ ticket: FrameTicket, _ fate: FrameFate, handedOver: MonotonicTime) {
    let header = ticket.header
    let closing = site.run.journal.closing(ticket.key, fate, handedOver), now = closing.time
    figures.update { values in
      if ticket.wasDetected { values.detected += 1 }
      guard fate == .delivered else { return }
      values.latency.record(nanoseconds: now.nanoseconds(since: header.captured))
      values.queueing.record(nanoseconds: ticket.queueingNanoseconds)
      values.work.record(nanoseconds: ticket.workNanoseconds)
      if let deadline = header.deadline {
        if now <= deadline { values.inTime += 1 } else { values.late += 1 }
      }
    }
    account.close(closing.fate)
  }

  func wait(until deadline: MonotonicTime) -> Bool {
    let start = site.run.clock.now()
    let goesOn = sleeper.wait(until: deadline) { mustWake in mustWake || isStopping ? false : nil } ?? true
    let end = site.run.clock.now()
    state.withLock { state in
      state.paused += end.nanoseconds(since: start)
      state.probe?.paused(from: start, to: end)
    }
    return goesOn
  }

  func report(position: MediaTime, duration: MediaTime?) {
    figures.update { values in
      values.position = position
      values.duration = duration
    }
  }

  func count(_ name: String, _ increment: Int) {
    site.run.journal.recorder?.append(.count(stream: number, name: name, increment: increment))
    site.metrics.update { $0.counters[name, default: 0] += increment }
  }

  func health(_ state: StreamState, attempt: Int, error: String?) {
    // In a replay only the trace knows.
    if site.run.journal.trace != nil { return }
    let change = site.health.note(state, stream: stream, attempt: attempt, error: error, metrics: figures)
    if let recorder = site.run.journal.recorder, let health = figures.current.health {
      recorder.append(.health(stream: number, .init(health: health, change: change)))
    }
    if let change {
      for port in site.observers { port.push(change) }
      site.run.notices.publish(.health(change))
    }
  }

  func liveHasChanged() {
    gate.change(limit: framesInFlight(stream))
    site.run.journal.recorder?.append(.settled(stream: number, isLive: stream.isLive))
  }

  var mediaRecorder: (any MediaRecorder)? {
    site.run.journal.recorder.map { StreamRecorder(recorder: $0, number: number, stream: stream) }
  }

  func fail(stream: String, _ error: PipelineError) {
    site.run.journal.recorder?.append(.streamFailure(stream: number, name: stream, error))
    note(error, of: stream)
  }

  private func note(_ error: PipelineError, of stream: String) {
    var error = error
    error.stage = error.stage ?? site.id
    site.run.control.failStream(StreamFailure(stream: stream, error: error))
  }
}

extension StreamRunner: ReplayOutput {
  func replay(_ frame: Frame, optionsVersion: Int, dropped: DropReason?, isLost: Bool) -> Bool {
    if isStopping { return false }
    var frame = frame
    frame.options = site.run.options.recorded(optionsVersion)
    if let dropped {
      refuse(frame, dropped)
    } else {
      guard gate.take() else { return false }
      passOn(frame, isLost: isLost)
    }
    report(position: frame.header.mediaTime, duration: nil)
    return true
  }

  func replay(_ health: StreamHealth, _ change: HealthChange?) {
    site.health.replay(health, change, metrics: figures)
  }
}

/// A source's way into the trace.
private struct StreamRecorder: MediaRecorder {
  let recorder: TraceRecorder
  let number: Int
  let stream: StreamInfo

  func record(_ bytes: [UInt8]) { recorder.append(.media(stream: number, bytes), mayWait: !stream.isLive) }
}

extension TraceRecord.Frame {
  init(_ header: FrameHeader, stream: Int, optionsVersion: Int, dropped: DropReason?) {
    self.init(
      stream: stream, sequence: header.sequence, mediaTime: header.mediaTime, captured: header.captured,
      capturedWall: header.capturedWall, deadline: header.deadline, source: header.source, width: header.width,
      height: header.height, discontinuity: header.discontinuity, detectionShare: header.detectionShare,
      optionsVersion: optionsVersion, dropped: dropped)
  }
}
