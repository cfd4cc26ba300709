import EdgepipeCore
import Synchronization

/// Where a transform or a sink is in the graph, and where its account is kept.
struct StageSite: Sendable {
  let id: String
  let stage: any FrameStage
  let workers: Int
  let keepsImage: Bool
  /// The sources whose frames are handed to those who watch when this stage is done with them.
  let endsPictures: Set<Int>
  let port: InputPort
  let outputs: Outputs
  let metrics: StageMetrics
  let run: RunContext
}

/// Runs one transform or sink: its workers take frames from the port, work, and pass on in order.
final class StageRunner: Sendable {
  private struct State {
    var working: Int
    var loggedFailures = 0
  }

  private let site: StageSite
  /// What was too late is in the trace, and what was not is worked on however late it is.
  private let isReplay: Bool
  private let keepsEveryFrame: Bool
  private let state: Mutex<State>
  /// Absent where one worker keeps the order by itself; an element of nil is a place that has nothing to pass on.
  private let sequencer: Sequencer<Token?>?
  private let isBroken = Atomic<Bool>(false)
  /// What this stage and those after it still need for a frame.
  let forecast: ServiceForecast
  private let openFates = OpenFates()

  init(_ site: StageSite, successors: [ServiceForecast]) {
    self.site = site
    isReplay = site.run.journal.trace != nil
    keepsEveryFrame = site.stage.interface.keepsEveryFrame
    state = Mutex(State(working: site.workers))
    forecast = ServiceForecast(successors: successors)
    sequencer =
      site.workers == 1 ? nil : Sequencer { [outputs = site.outputs] in if let token = $0 { outputs.pass(on: token) } }
  }

  var id: String { site.id }
  var port: InputPort { site.port }
  var workerCount: Int { site.workers }
  /// True until the last worker has ended.
  var isWorking: Bool { state.withLock { $0.working > 0 } }

  /// Starts the workers' threads and hands each to `keep`. Those that cannot be started count as ended.
  func start(_ keep: (WorkerThread) -> Void) throws(PipelineError) {
    for index in 0..<site.workers {
      do throws(PipelineError) {
        keep(try site.run.control.launch(threadName(index)) { self.work(index) })
      } catch {
        giveUp(site.workers - index)
        throw error
      }
    }
  }

  /// None of the workers will be started.
  func giveUp() { giveUp(site.workers) }

  private func giveUp(_ count: Int) {
    for _ in 0..<count {
      site.run.control.workerIsReady()
      end()
    }
  }

  private func threadName(_ index: Int) -> String { site.workers == 1 ? id : "\(id)#\(index)" }

  private func work(_ index: Int) {
    site.run.census.register(stage: id)
    var probe = site.run.instruments.probe(stage: id, thread: threadName(index))
    let worker = open(index)
    site.run.control.workerIsReady()
    let startup = SystemClock.threadCPUNanoseconds()
    site.metrics.update { $0.startupCPUNanoseconds += startup }

    let holder = worker as? any HoldingWorker
    var overhead = SampledCPUTime(), held = HeldTokens()
    probe.begin()
    while let popped = site.port.pop() {
      switch popped.element {
      case .notice(let change):
        notify(worker, change)
        passOn(nil, index: popped.index)
      case .token(let token) where holder != nil && !token.isTombstone:
        if let holder { run(holder, token, popped.enqueued, held: &held, overhead: &overhead, probe: &probe) }
        probe.passedOn(at: site.run.clock.now())
      case .token(var token):
        if let frame = token.frame {
          token.frame = run(
            worker, frame, popped.enqueued, ticket: token.ticket, overhead: &overhead, probe: &probe)
        }
        passOn(token, index: popped.index)
        probe.passedOn(at: site.run.clock.now())
      }
    }
    if let holder { release(holder, &held) }
    site.metrics.update { $0.frameworkCPUNanoseconds += overhead.nanoseconds }
    close(worker, &probe)
  }

  private func passOn(_ token: Token?, index: Int) {
    if let sequencer { return sequencer.complete(token, index: index) }
    if let token { site.outputs.pass(on: token) }
  }

  private func open(_ index: Int) -> (any FrameWorker)? {
    do {
      return try site.stage.makeWorker(
        WorkerContext(
          index: index, workerCount: site.workers,
          hasFailed: { [control = site.run.control] in control.failure != nil || !control.streamFailures.isEmpty },
          isEnding: { [control = site.run.control] in control.isStopping }))
    } catch {
      breakDown(error)
      return nil
    }
  }

  private func close(_ worker: (any FrameWorker)?, _ probe: inout ThreadProbe) {
    do { try worker?.finish() } catch { breakDown(error) }
    probe.finish(site.metrics)
    site.run.census.unregister()
    end()
  }

  /// One worker is no more; after the last, nothing more will come out of this stage.
  private func end() {
    let last = state.withLock { state in
      state.working -= 1
      return state.working == 0
    }
    if last {
      openFates.giveUp(
        PipelineError(
          "the stage ended without telling what became of a frame", consequence: .skipFrame, code: .internalFault))
      site.outputs.close()
    }
    site.run.control.threadHasEnded()
  }

  /// When work on a frame begins, and the nanoseconds for which it has waited; nil when it is lost before.
  private func begin(
    _ frame: Frame, _ enqueued: MonotonicTime, _ ticket: FrameTicket
  ) -> (start: MonotonicTime, waited: Int64, isIdle: Bool)? {
    guard !isBroken.load(ordering: .relaxed) else {
      _ = abort(ticket)
      return nil
    }
    let start = site.run.clock.now(), waited = start.nanoseconds(since: enqueued),
      isIdle = site.stage.isIdle(for: frame)
    ticket.addQueueing(nanoseconds: waited)
    // What a rule saw is worth more than the frame's being in time.
    if !isReplay, !keepsEveryFrame, let deadline = frame.header.deadline, frame.events.isEmpty,
      forecast.isHopeless(deadline: deadline, now: start, isIdle: isIdle)
    {
      site.port.noteLoss(ticket, .late)
      _ = lose(ticket, .dropped(stage: id, reason: .late))
      return nil
    }
    return (start, waited, isIdle)
  }

  private func abort(_ ticket: FrameTicket) -> Frame? {
    site.port.noteLoss(ticket, .aborted)
    return lose(ticket, .dropped(stage: id, reason: .aborted))
  }

  /// Nil when the frame is lost here. What lies between the work on two frames is `overhead`.
  private func run(
    _ worker: (any FrameWorker)?, _ frame: Frame, _ enqueued: MonotonicTime, ticket: FrameTicket,
    overhead: inout SampledCPUTime, probe: inout ThreadProbe
  ) -> Frame? {
    guard let worker else { return abort(ticket) }
    guard let (start, waited, isIdle) = begin(frame, enqueued, ticket) else { return nil }
    overhead.end()
    let outcome = Result { try worker.process(frame) }
    overhead.begin()
    let end = site.run.clock.now(), service = end.nanoseconds(since: start)
    probe.worked(on: ticket.key, enqueued: enqueued, from: start, to: end)
    ticket.addWork(nanoseconds: service)
    if !isIdle, frame.header.deadline != nil { forecast.record(nanoseconds: service, at: end) }

    switch outcome {
    case .success(.emit(let result)):
      let (result, found) = complete(result, of: frame, ticket)
      site.metrics.update { values in
        values.framesOut += 1
        values.detections += found ?? 0
        values.framesWorked += 1
        values.service.record(nanoseconds: service)
        values.workNanoseconds += service
        values.queueWait.record(nanoseconds: waited)
      }
      return result
    case .success(.deferred(let fate)):
      guard site.outputs.ports.isEmpty else {
        let error = PipelineError(
          "only a sink may tell a frame's fate later", consequence: .skipFrame, code: .internalFault)
        report(error, frame: frame.header)
        return lose(ticket, .failed(stage: id), after: service)
      }
      if frame.isWatched, site.endsPictures.contains(ticket.source) { site.run.pictures.take(frame) }
      site.metrics.update { values in
        values.framesWorked += 1
        values.service.record(nanoseconds: service)
        values.workNanoseconds += service
        values.queueWait.record(nanoseconds: waited)
      }
      hold(ticket, until: fate)
      return nil
    case .success(.drop(let reason)): return lose(ticket, .dropped(stage: id, reason: reason), after: service)
    case .failure(let error):
      report(error, frame: frame.header)
      return lose(ticket, .failed(stage: id), after: service)
    }
  }

  /// The frame as the next stages get it, and how much the stage has found in it.
  private func complete(_ result: Frame, of frame: Frame, _ ticket: FrameTicket) -> (frame: Frame, found: Int?) {
    var result = result
    if result.isWatched, site.endsPictures.contains(ticket.source) { site.run.pictures.take(result) }
    if !site.keepsImage, !result.isWatched { result.image = nil }
    site.run.notices.publish(eventsOf: result, before: frame)
    let found = result.results.first { $0.isFound(by: id) }?.detections.count
    if found != nil { ticket.noteDetection() }
    return (result, found)
  }

  /// A worker that keeps frames back takes one more, and those whose turn has come go on.
  private func run(
    _ holder: any HoldingWorker, _ token: Token, _ enqueued: MonotonicTime, held: inout HeldTokens,
    overhead: inout SampledCPUTime, probe: inout ThreadProbe
  ) {
    guard let frame = token.frame, let (start, waited, _) = begin(frame, enqueued, token.ticket) else {
      return site.outputs.pass(on: token.tombstone)
    }
    held.add(token)
    overhead.end()
    let taken = Result { try holder.take(frame) }
    overhead.begin()
    let end = site.run.clock.now(), service = end.nanoseconds(since: start)
    probe.worked(on: token.ticket.key, enqueued: enqueued, from: start, to: end)
    token.ticket.addWork(nanoseconds: service)
    if frame.header.deadline != nil { forecast.record(nanoseconds: service, at: end) }
    site.metrics.update { values in
      values.framesWorked += 1
      values.service.record(nanoseconds: service)
      values.workNanoseconds += service
      values.queueWait.record(nanoseconds: waited)
    }
    passOn(from: holder, &held)
    if case .failure(let error) = taken { fail(frame.header, error, &held) }
  }

  private func passOn(from holder: any HoldingWorker, _ held: inout HeldTokens) {
    while let released = holder.next() {
      switch released {
      case .failed(let header, let error): fail(header, error, &held)
      case .emit(let result):
        guard var token = held.remove(result.header), let frame = token.frame else { continue }
        let (completed, found) = complete(result, of: frame, token.ticket)
        site.metrics.update { values in
          values.framesOut += 1
          values.detections += found ?? 0
        }
        token.frame = completed
        site.outputs.pass(on: token)
      }
    }
  }

  private func fail(_ header: FrameHeader, _ error: any Error, _ held: inout HeldTokens) {
    guard let token = held.remove(header) else { return }
    report(error, frame: header)
    _ = lose(token.ticket, .failed(stage: id))
    site.outputs.pass(on: token.tombstone)
  }

  /// No more frames come: what is kept back goes on, or is given up where the stage has failed.
  private func release(_ holder: any HoldingWorker, _ held: inout HeldTokens) {
    if !isBroken.load(ordering: .relaxed) {
      holder.release()
      passOn(from: holder, &held)
    }
    for token in held.removeAll() {
      _ = abort(token.ticket)
      site.outputs.pass(on: token.tombstone)
    }
  }

  /// The frame leaves the graph; what becomes of it is told later.
  private func hold(_ ticket: FrameTicket, until fate: DeferredFate) {
    ticket.awaitFate()
    openFates.enter(fate)
    fate.whenSettled { [self, fate] settlement in
      defer { openFates.leave(fate) }
      let loss: FrameFate?
      switch settlement {
      case .delivered: loss = nil
      case .dropped(let reason): loss = .dropped(stage: id, reason: reason)
      case .failed(let error):
        report(error, frame: ticket.header)
        loss = .failed(stage: id)
      }
      if let loss { _ = lose(ticket, loss) } else { site.metrics.update { $0.framesOut += 1 } }
      ticket.tell(loss)
    }
  }

  private func notify(_ worker: (any FrameWorker)?, _ change: HealthChange) {
    guard let worker = worker as? any HealthObservingWorker, !isBroken.load(ordering: .relaxed) else { return }
    do { try worker.note(change) } catch { breakDown(error) }
  }

  /// - Parameter work: nanoseconds of the work that came to nothing; nil where it had not begun.
  private func lose(_ ticket: FrameTicket, _ fate: FrameFate, after work: Int64? = nil) -> Frame? {
    ticket.lose(fate)
    var reason: DropReason?
    if case .dropped(_, let why) = fate { reason = why }
    site.metrics.update { values in
      if let work {
        values.framesWorked += 1
        values.workNanoseconds += work
      }
      if let reason { values.dropped[reason, default: 0] += 1 } else { values.failed += 1 }
    }
    site.run.instruments.spans?.note(
      loss: ticket.key, stage: id, reason: reason?.rawValue ?? "failed", at: site.run.clock.now())
    return nil
  }

  private static let failuresLogged = 5

  private func report(_ error: any Error, frame: FrameHeader) {
    let error = PipelineError(error, stage: id)
    if error.consequence == .stopPipeline { return breakDown(error) }
    let count = state.withLock { state in
      state.loggedFailures += 1
      return state.loggedFailures
    }
    guard count <= Self.failuresLogged else { return }
    site.run.logger.warning("frame \(frame.sequence) of '\(frame.stream.id)' is lost: \(error)")
    if count == Self.failuresLogged { site.run.logger.warning("\(id): further lost frames are only counted") }
  }

  /// Ends the run; this stage takes what still comes as aborted, so that everything drains.
  private func breakDown(_ error: any Error) {
    isBroken.store(true, ordering: .relaxed)
    site.run.control.fail(PipelineError(error, stage: id))
  }
}
