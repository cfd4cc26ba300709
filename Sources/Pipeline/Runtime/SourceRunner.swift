import Logging
import Synchronization

/// Runs one source on its thread and admits its frames: this is where the ledger opens.
final class SourceRunner: SourceOutput {
  /// How far a finite input has got.
  struct Progress: Sendable {
    var position = MediaTime(nanoseconds: 0)
    var duration: MediaTime?
  }

  private struct State {
    var progress = Progress()
    var paused: Int64 = 0
    var emitCPU: Int64 = 0
    var lastReturn: MonotonicTime
    var isWorking = true
  }

  let id: String
  let metrics: StageMetrics
  private let index: Int
  private let stage: any SourceStage
  private let gate: CreditGate
  private let keepsImage: Bool
  private let outputs: Outputs
  private let ledger: Ledger
  private let control: RunControl
  private let census: ThreadCensus
  private let state: Mutex<State>

  init(
    id: String, index: Int, stage: any SourceStage, framesInFlight: Int, keepsImage: Bool, outputs: Outputs,
    metrics: StageMetrics, ledger: Ledger, control: RunControl, census: ThreadCensus
  ) {
    self.id = id
    self.index = index
    self.stage = stage
    self.keepsImage = keepsImage
    self.outputs = outputs
    self.metrics = metrics
    self.ledger = ledger
    self.control = control
    self.census = census
    gate = CreditGate(limit: framesInFlight)
    state = Mutex(State(lastReturn: control.clock.now()))
  }

  /// Starts the source's thread and hands it to `keep`. A source that cannot be started counts as ended.
  func start(_ keep: (WorkerThread) -> Void) throws(PipelineError) {
    do throws(PipelineError) { keep(try control.launch(id) { self.work() }) } catch {
      giveUp()
      throw error
    }
  }

  /// The source will not be started.
  func giveUp() { end() }

  /// Admits nothing any more and wakes the source if it waits.
  func stop() { gate.close() }

  var isWorking: Bool { state.withLock { $0.isWorking } }
  var progress: Progress { state.withLock { $0.progress } }

  private func work() {
    census.register(stage: id)
    if control.waitUntilReady() {
      state.withLock { $0.lastReturn = control.clock.now() }
      do {
        try stage.run(self)
      } catch {
        let error = PipelineError(error, stage: id)
        if error.consequence == .stopPipeline { control.fail(error) } else { fail(stream: id, error) }
      }
    }
    let emitCPU = state.withLock { $0.emitCPU }
    metrics.update { $0.frameworkCPUNanoseconds += emitCPU }
    census.unregister()
    end()
  }

  /// Nothing more will come from this source.
  private func end() {
    state.withLock { $0.isWorking = false }
    outputs.close()
    control.threadHasEnded()
  }

  // MARK: SourceOutput

  var isStopping: Bool { control.isStopping }

  func emit(_ frame: Frame) -> Admission {
    let arrival = control.clock.now(), cpu = SystemClock.threadCPUNanoseconds()
    let admission = admit(frame)
    let emitCPU = SystemClock.threadCPUNanoseconds() - cpu
    let service = state.withLock { state -> Int64 in
      let service = arrival.nanoseconds(since: state.lastReturn) - state.paused
      state.emitCPU += emitCPU
      state.paused = 0
      state.lastReturn = control.clock.now()
      return service
    }
    if admission != .stopped { metrics.update { $0.service.record(nanoseconds: service) } }
    return admission
  }

  private func admit(_ frame: Frame) -> Admission {
    let stream = frame.header.stream
    if control.isStopping { return .stopped }
    if stage.isLive {
      guard gate.tryTake() else {
        ledger.open(stream: stream.id)
        ledger.close(stream: stream.id, .dropped(stage: id, reason: .noCredit))
        metrics.update { $0.framesIn += 1 }
        metrics.drop(.noCredit)
        return .dropped(.noCredit)
      }
    } else {
      guard gate.take() else { return .stopped }
    }
    ledger.open(stream: stream.id)
    metrics.update { values in
      values.framesIn += 1
      values.framesOut += 1
    }
    let ticket = FrameTicket(header: frame.header, source: index) { [ledger, gate] fate in
      ledger.close(stream: stream.id, fate)
      gate.giveBack()
    }
    var frame = frame
    if !keepsImage { frame.image = nil }
    outputs.pass(on: Token(ticket: ticket, frame: frame))
    return .admitted
  }

  func wait(until deadline: MonotonicTime) -> Bool {
    let start = control.clock.now()
    let goesOn = control.sleep(until: deadline)
    let paused = control.clock.now().nanoseconds(since: start)
    state.withLock { $0.paused += paused }
    return goesOn
  }

  func report(position: MediaTime, duration: MediaTime?) {
    state.withLock { $0.progress = Progress(position: position, duration: duration) }
  }

  func count(_ name: String, _ increment: Int) {
    metrics.update { $0.counters[name, default: 0] += increment }
  }

  func health(_ state: StreamState, attempt: Int, error: String?) {}

  func fail(stream: String, _ error: PipelineError) {
    var error = error
    error.stage = error.stage ?? id
    control.failStream(StreamFailure(stream: stream, error: error))
  }
}
