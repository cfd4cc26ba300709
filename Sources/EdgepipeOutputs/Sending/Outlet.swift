package import EdgepipeCore
package import Pipeline
package import Stages
import Synchronization

/// What a sink that sends is made of: results are selected, given their form and kept in a spool, and a thread of its own
/// sees them to the receiver. A stage holds one and hands its calls on.
package final class Outlet: Sendable {
  /// What is special about the sink.
  package struct Plan: Sendable {
    package var selection: ResultSelection
    package var settings: SendingSettings
    package var shape: any ItemShape
    /// How the receiver is called in the log and the report; holds no secret.
    package var receiver: String
    /// Opens what the sender needs, such as a library, on the worker's thread, so that the run fails at once where it is
    /// missing; what it returns makes the sender, on the sender's own thread.
    package var open: @Sendable () throws -> @Sendable () -> any ResultSender
    /// Sees every frame and change before anything is selected; for a state that the sink keeps besides.
    package var watch: (@Sendable (Frame) -> Void)?
    package var watchHealth: (@Sendable (HealthChange) -> Void)?

    package init(
      _ selection: ResultSelection, _ settings: SendingSettings, shape: any ItemShape = PlainShape(), receiver: String,
      open: @escaping @Sendable () throws -> @Sendable () -> any ResultSender
    ) {
      self.selection = selection
      self.settings = settings
      self.shape = shape
      self.receiver = receiver
      self.open = open
    }
  }

  private struct State {
    var spool: Spool?
    var dispatcher: Dispatcher?
    var detectionsLeftOut = 0
    var picturesLost = 0
  }

  private struct Threads {
    let spool: WorkerThread
    let send: WorkerThread
  }

  private let plan: Plan
  private let context: StageContext
  private let place: SpoolPlace
  private let state = Mutex(State())

  /// - Throws: ``PipelineError`` when the spool's folder cannot be.
  package init(_ plan: Plan, context: StageContext) throws(PipelineError) {
    self.plan = plan
    self.context = context
    place = SpoolPlace(pipeline: context.pipeline, sink: context.id, folder: plan.settings.spool.folder)
    if !context.isReplay { try OutputPath.checkFolder(place.folder) }
  }

  package var interface: StageInterface {
    var interface = StageInterface()
    interface.needsImage = plan.settings.attachesPictures
    interface.wishes = plan.selection.wishes
    interface.keepsEveryFrame = plan.settings.spool.blocks
    return interface
  }

  package var files: [FileUse] { [.writes(place.database, as: "the spool of '\(context.id)'")] }

  package var tips: [StageTip] { [StageTip(nil, "a faster disk for \(context.id).spool.folder")] }

  package var facts: [String: ReportValue] {
    var facts: [String: ReportValue] = ["receiver": .string(plan.receiver)]
    if context.isReplay { facts["sent"] = .string("nothing: a replay") }
    let (spool, isReachable, leftOut, lost) = state.withLock { state in
      (state.spool, state.dispatcher?.isReachable, state.detectionsLeftOut, state.picturesLost)
    }
    if let spool {
      let counts = spool.counts
      facts["spool"] = .object(counts.facts)
      if let trouble = counts.diskTrouble { facts["disk_trouble"] = .string(trouble) }
    }
    if let isReachable { facts["reachable"] = .bool(isReachable) }
    if leftOut > 0 { facts["detections_left_out"] = .int(leftOut) }
    if lost > 0 { facts["pictures_lost"] = .int(lost) }
    return facts
  }

  /// - Throws: ``PipelineError``: what the sender needs is missing, another run holds the spool, or it cannot be made.
  package func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    // What left the machine when the run was recorded does not leave it again.
    if context.isReplay { return ReplayWorker() }
    let makeSender = try plan.open()
    try OutputPath.makePrivateFolder(place.folder)
    let lock = try RunLock(
      path: place.lock, what: "the sink '\(context.id)' of the pipeline '\(context.pipeline)'")
    let spool = Spool(
      try SpoolOpening.open(place.database, logger: context.logger), settings: plan.settings.spool,
      clock: context.clock,
      logger: context.logger)
    let found = spool.counts.found
    if found > 0 { context.logger.notice("\(found) results of an earlier run wait in the spool and go out first") }
    let dispatcher = Dispatcher(
      spool, rules: plan.settings.rules, receiver: plan.receiver, stage: context.id, clock: context.clock,
      logger: context.logger, tell: { [context] in context.announce($0) })
    context.faults.watch([OfflineRule.fault], stage: context.id, stream: nil)
    let threads = try start(spool, dispatcher, makeSender)
    state.withLock { ($0.spool, $0.dispatcher) = (spool, dispatcher) }
    return Worker(self, spool, dispatcher, lock, threads, worker)
  }

  private func start(
    _ spool: Spool, _ dispatcher: Dispatcher, _ makeSender: @escaping @Sendable () -> any ResultSender
  ) throws(PipelineError) -> Threads {
    let committer = try thread("spool") { spool.commitAll() }
    do {
      return Threads(spool: committer, send: try thread("send") { dispatcher.run(makeSender()) })
    } catch {
      spool.close()
      committer.join()
      throw error
    }
  }

  private func thread(_ name: String, _ body: @escaping @Sendable () -> Void) throws(PipelineError) -> WorkerThread {
    try WorkerThread(name: "\(context.id).\(name)") { [context] in
      context.threads.register(stage: context.id)
      body()
      context.threads.unregister()
    }
  }

  private final class Worker: HealthObservingWorker {
    private let outlet: Outlet
    private let spool: Spool
    private let dispatcher: Dispatcher
    private let lock: RunLock
    private let threads: Threads
    private let context: WorkerContext
    private var items: ResultItems

    init(
      _ outlet: Outlet, _ spool: Spool, _ dispatcher: Dispatcher, _ lock: RunLock, _ threads: Threads,
      _ context: WorkerContext
    ) {
      self.outlet = outlet
      self.spool = spool
      self.dispatcher = dispatcher
      self.lock = lock
      self.threads = threads
      self.context = context
      items = ResultItems(
        outlet.plan.selection, outlet.plan.settings, shape: outlet.plan.shape, context: outlet.context)
    }

    func process(_ frame: Frame) throws -> FrameOutcome {
      outlet.plan.watch?(frame)
      guard let now = outlet.context.instant(for: frame.header) else { return .drop(.unrecorded) }
      let selected = items.items(of: frame, now: now)
      if selected.isEmpty { return .emit(frame) }
      return .deferred(spool.put(selected, isEnding: context.isEnding))
    }

    func note(_ change: HealthChange) throws {
      outlet.plan.watchHealth?(change)
      let selected = items.items(of: change)
      if !selected.isEmpty { _ = spool.put(selected, isEnding: context.isEnding) }
    }

    func finish() throws {
      let rest = items.itemsAtEnd()
      if !rest.isEmpty { _ = spool.put(rest, isEnding: context.isEnding) }
      spool.flush()
      let isSent = dispatcher.finish(isEnding: context.isEnding)
      spool.close()
      if isSent {
        threads.send.join()
      } else {
        outlet.context.logger.warning("\(outlet.plan.receiver) does not answer, and its thread is left behind")
      }
      threads.spool.join()
      let left = spool.counts.waiting
      if left > 0 {
        outlet.context.logger.notice("\(left) results are left in the spool; the next run of this pipeline sends them")
      }
      outlet.state.withLock { state in
        (state.detectionsLeftOut, state.picturesLost) = (items.detectionsLeftOut, items.picturesLost)
      }
      withExtendedLifetime(lock) {}
    }
  }

  private final class ReplayWorker: HealthObservingWorker {
    func process(_ frame: Frame) -> FrameOutcome { .emit(frame) }
    func note(_ change: HealthChange) {}
  }
}
