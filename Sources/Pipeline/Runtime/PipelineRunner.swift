public import EdgepipeCore
public import EdgepipeMachine
public import Logging
import Synchronization

/// Runs a pipeline: starts the threads, drains on a stop, and knows what happened.
///
/// `start`, then `wait` once; `requestStop` and `snapshot` may be called from any thread meanwhile.
public final class PipelineRunner: Sendable {
  /// How long frames in flight may take to reach the sinks after a stop.
  public static let drainLimitMs = 10_000.0

  public let plan: PipelinePlan
  /// What may well be a mistake in the pipeline, and need not be one.
  public var warnings: [StageFault] { built.warnings }
  public var ledger: Ledger { context.ledger }
  let context: RunContext
  private let built: BuiltPipeline
  let services: StageServices
  let sources: [SourceRunner]
  let runners: [StageRunner]
  private let metrics: [StageMetrics]
  let power: PowerMonitor?
  /// One stream joins at a time, so that none comes twice.
  private let joining = Mutex(())
  /// What the run reads and writes, streams that joined included.
  private let claims: Mutex<FileClaims>
  private let times: Monitor<(start: MonotonicTime, end: MonotonicTime?, wall: WallTime, threads: [WorkerThread])>
  private let resources = ResourceWatch()

  /// Makes the stages of `plan` and connects them. Nothing that costs time or memory is opened yet.
  ///
  /// - Parameters:
  ///   - staysOpen: the run does not end with its last stream, since more may be added, but with a stop.
  ///   - journal: what remembers the run; or the trace of one that is done again, on the plan of its manifest.
  ///   - power: follows the run's energy; nil: nobody asks.
  ///   - files: what the caller itself reads and writes meanwhile, so that no stage writes there.
  /// - Throws: ``StageBuildErrors`` with everything that is wrong; ``PipelineError`` where it is one of `files`.
  public convenience init(
    _ plan: PipelinePlan, clock: any PipelineClock = SystemClock(), logger: Logger = Logger(label: "edgepipe"),
    services: StageServices = StageServices(), staysOpen: Bool = false, journal: Journal = .off,
    power: PowerMonitor? = nil, files: [FileUse] = []
  ) throws {
    try self.init(
      plan, clock: clock, logger: logger, services: services, staysOpen: staysOpen, journal: journal, power: power,
      instruments: RunInstruments(), files: files)
  }

  /// - Parameters:
  ///   - instruments: what looks at the run closely.
  ///   - launch: starts a named thread; tests bring one that fails.
  package init(
    _ plan: PipelinePlan, clock: any PipelineClock = SystemClock(), logger: Logger = Logger(label: "edgepipe"),
    services: StageServices = StageServices(), staysOpen: Bool = false, journal: Journal = .off,
    power: PowerMonitor? = nil, instruments: RunInstruments = RunInstruments(), files: [FileUse] = [],
    launch: @escaping ThreadLaunch = WorkerThread.init
  ) throws {
    let plan = journal.trace.map { plan.replaying($0) } ?? plan
    self.power = power
    self.services = services
    let control = RunControl(
      clock: clock, failureStops: journal.trace.map { $0.isWhole && !$0.runFailed } ?? true, launch: launch)
    context = RunContext(
      name: RunName.make(at: clock.wallTime()), control: control, journal: journal,
      options: OptionBoard(keepsAll: journal.trace != nil), pace: power?.pace ?? DetectionPace(),
      instruments: instruments, logger: logger, staysOpen: staysOpen)
    built = try PipelineBuilder(run: context, services: services, files: files).build(plan)
    self.plan = built.plan
    // A replay knows all changes from the beginning; each frame of the trace says which had come.
    for change in journal.trace?.options ?? [] {
      guard built.stages.indices.contains(change.stage) else {
        throw PipelineError("the trace changes the options of a stage that it does not have", code: .malformed)
      }
      _ = try context.options.change(built.stages[change.stage], plan.stages[change.stage], to: change.json)
    }
    claims = Mutex(built.files)
    metrics = plan.stages.map { _ in StageMetrics() }
    let progress = ReplayProgress {
      let message = "the trace is inconsistent: the replay cannot continue"
      control.fail(PipelineError(message, remedy: "record again", code: .malformed))
      control.stop()
    }
    (sources, runners) = try Assembly(built: built, run: context, metrics: metrics, progress: progress).assemble()
    times = Monitor((clock.now(), nil, clock.wallTime(), []))
    context.requests.attach(self)
    context.files.note(anonymized: Set(built.anonymized.map { plan.stages[$0].id }))
  }

  /// Starts every stage.
  ///
  /// - Throws: a ``PipelineError`` when a thread cannot be started; the run then ends by itself.
  public func start() throws {
    let workers = runners.reduce(0) { $0 + $1.workerCount }
    context.control.expect(workers: workers, threads: workers + sources.reduce(0) { $0 + $1.holds })
    var failure: PipelineError?
    func attempt(_ start: ((WorkerThread) -> Void) throws(PipelineError) -> Void, else giveUp: () -> Void) {
      if failure != nil { return giveUp() }
      do throws(PipelineError) { try start(keep) } catch {
        failure = error
        context.control.fail(error)
      }
    }
    for runner in runners { attempt(runner.start, else: runner.giveUp) }
    for source in sources { attempt(source.start, else: source.giveUp) }
    if let failure { throw failure }
    _ = context.control.waitUntilReady()
    context.journal.recorder?.append(
      .facts(TraceFacts.json(zip(plan.stages, built.stages).map { ($0.id, $1.facts) })))
    let start = context.clock.now()
    times.change { $0.start = start }
    resources.begin()
    context.instruments.spans?.begin(at: start)
    if let power {
      power.begin(stages: context.census.cpuNanoseconds)
      // Without the thread the readings at both ends are all there is.
      if let thread = try? power.startSampling() { keep(thread) }
    }
  }

  private func keep(_ thread: WorkerThread) { times.change { $0.threads.append(thread) } }

  /// The stage with this id, for what only its type knows.
  package func stage(_ id: String) -> (any Stage)? {
    plan.stages.firstIndex { $0.id == id }.map { built.stages[$0] }
  }

  /// Asks the sources to end; what is in flight is still delivered.
  public func requestStop() { context.control.stop() }

  /// The run has been asked to end, or has failed.
  public var isStopping: Bool { context.control.isStopping }

  /// Waits until the run is over, and at most ten seconds after a stop.
  public func wait() -> RunOutcome {
    if !context.control.waitForStopOrEnd() { drain() }
    let isOver = context.control.waitForEnd(until: context.clock.now())
    times.change { $0.end = $0.end ?? context.clock.now() }
    resources.end()
    power?.end(stages: context.census.cpuNanoseconds)
    if isOver { for thread in times.withLock({ $0.threads }) { thread.join() } }
    context.journal.recorder?.finish(failed: context.control.failure != nil)
    return RunOutcome(
      failure: context.control.failure ?? (isOver ? nil : stuckError), streamFailures: context.control.streamFailures,
      streams: sources.reduce(0) { $0 + $1.streams.count }, wasStopped: context.control.isStopping, isOver: isOver)
  }

  /// Starts the run, waits until it is over, and throws what went wrong.
  ///
  /// - Returns: the outcome of a run that processed at least one of its streams; some may have failed.
  /// - Throws: the ``PipelineError`` that ended the run, or the first one where every stream failed.
  @discardableResult public func run() throws -> RunOutcome {
    // A thread that cannot be started is part of the outcome.
    try? start()
    let outcome = wait()
    if let error = outcome.error { throw error }
    return outcome
  }
}

// MARK: - Options that change

extension PipelineRunner {
  /// Gives options of a stage other values, for all frames that are admitted from now on. Frames that are in the pipeline
  /// already keep the old ones.
  ///
  /// - Parameters:
  ///   - stage: the stage's id.
  ///   - values: of options that are declared changeable; ``ReportValue/null`` stands for the default.
  /// - Returns: what has changed; nothing where all values are as they were.
  /// - Throws: ``PipelineError`` `invalidArgument`, and nothing has changed.
  @discardableResult
  public func changeOptions(of stage: String, to values: [String: ReportValue]) throws -> OptionChange {
    try changeOptions(of: stage, json: Array(ReportValue.object(values).json().utf8))
  }

  var logger: Logger { context.logger }

  /// The value that a stage's option has now; nil where it is the default.
  func option(_ name: String, of stage: String) -> JSONNode? {
    if let changed = context.options.current?.configuration(of: stage) { return changed[name] }
    guard let configuration = plan.stages.first(where: { $0.id == stage })?.configuration else { return nil }
    return JSONParser.value(String(decoding: configuration, as: UTF8.self), origin: .none)?[name]
  }

  /// - Parameter json: an object of the new values.
  package func changeOptions(of stage: String, json: [UInt8]) throws(PipelineError) -> OptionChange {
    guard let index = plan.stages.firstIndex(where: { $0.id == stage }) else {
      let known = plan.stages.map(\.id)
      throw PipelineError(
        "there is no stage \(Quoted.text(stage))",
        remedy: NearestName.suggestion(for: stage, among: known).map { "did you mean '\($0)'?" }
          ?? "stages: \(known.joined(separator: ", "))", code: .invalidArgument)
    }
    if context.journal.trace != nil {
      throw PipelineError(
        "the options of a replay change as they did when it was recorded", remedy: "run the pipeline file instead",
        code: .unavailable)
    }
    let change = try context.options.change(built.stages[index], plan.stages[index], to: json) { version in
      context.journal.recorder?.append(.options(.init(version: version, stage: index, json: json)))
    }
    if !change.options.isEmpty { context.notices.publish(.options(change)) }
    for option in change.options {
      context.logger.notice(
        "'\(stage)': \(option.name) is \(option.new ?? "unset"), was \(option.old ?? "unset")")
    }
    return change
  }
}

// MARK: - Streams that come and go

extension PipelineRunner {
  /// Adds a stream to a source of the running pipeline.
  ///
  /// - Parameter stage: the source's id; nil where there is only one.
  /// - Throws: ``PipelineError``.
  public func addStream(id: String, url: String, to stage: String? = nil) throws {
    guard
      let source = stage.map({ stage in sources.first { $0.id == stage } }) ?? (sources.count == 1 ? sources[0] : nil)
    else {
      let known = sources.map(\.id).joined(separator: ", ")
      let what = stage.map { "there is no source '\($0)'" } ?? "the pipeline has \(sources.count) sources"
      throw PipelineError(what, remedy: "name one of: \(known)", code: .invalidArgument)
    }
    try joining.withLock { _ in
      if streamRunners.contains(where: { $0.stream.id == id && $0.isWorking }) {
        throw PipelineError(
          "the stream '\(id)' already exists", remedy: "remove it first, or choose another id", code: .alreadyExists)
      }
      let stream = try source.site.stage.makeStream(id: id, url: url)
      try claim(stream, from: source)
      try source.add(stream, keep)
    }
  }

  /// Refuses a stream that reads what the run writes, or whose output is already something else.
  private func claim(_ stream: StreamInfo, from source: SourceRunner) throws(PipelineError) {
    let stages = [source.site.index] + built.graph.reachable(from: source.site.index)
    try claims.withLock { claims throws(PipelineError) in
      var extended = claims
      extended.refresh()
      for index in stages {
        for use in built.stages[index].files(for: [stream.id]) {
          if let error = extended.add(use, of: built.graph.nodes[index].id) { throw error }
        }
      }
      claims = extended
    }
  }

  /// Ends one stream; what is in flight of it is still delivered.
  ///
  /// - Throws: ``PipelineError`` when no such stream runs.
  public func removeStream(id: String) throws {
    guard let stream = streamRunners.first(where: { $0.stream.id == id && $0.isWorking }) else {
      let known = streamRunners.filter(\.isWorking).map(\.stream.id).joined(separator: ", ")
      throw PipelineError(
        "no stream '\(id)' is running", remedy: "streams: \(known.isEmpty ? "none" : known)", code: .invalidArgument)
    }
    stream.remove()
  }

  /// Whether those who watch a stream get anonymized pictures only.
  func showsAnonymized(_ stream: String) -> Bool {
    guard let source = streamRunners.first(where: { $0.stream.id == stream })?.stream.sourceStage,
      let index = built.graph.nodes.firstIndex(where: { $0.id == source })
    else { return false }
    return built.graph.reachable(from: index).contains {
      built.graph.nodes[$0].downstream.isEmpty && built.anonymized.contains($0)
    }
  }

  var streamRunners: [StreamRunner] { sources.flatMap(\.streams) }
}

// MARK: - What happened

extension PipelineRunner {
  /// The figures of a run at one instant.
  public struct Snapshot: Sendable {
    public struct StageFigures: Sendable {
      public let id: String
      public let type: String
      public let role: StageRole
      public let workers: Int
      public let values: StageMetrics.Values
      public let cpuNanoseconds: Int64
      public let queueDepth: Int
      /// Frames that may wait; nil for a source.
      public let queueCapacity: Int?
      public let queueHighest: Int
      public let facts: [String: ReportValue]
      /// What would make the stage faster; read with the facts.
      public let tips: [StageTip]
      /// Whether it takes frames in order only; read with the facts.
      public let needsOrder: Bool
    }

    /// When the figures were taken.
    public let now: MonotonicTime
    public let elapsedSeconds: Double
    public let started: WallTime
    public let stages: [StageFigures]
    public let ledger: Ledger.Account
    public let streams: [String: Ledger.Account]
    public let links: [LinkAccount]
    /// Every stream that there was, in the order in which they came.
    public let streamFigures: [StreamFigures]
    /// Nil before the run is over, and where nobody asked for it.
    public let power: PowerAccount?
    /// The power so far; nil before the first reading, and where nobody asked for it.
    public let livePower: LivePower?
    /// What the run and others took of the machine; nil before all stages are ready. Read with the facts.
    package var resources: ResourceUse?
    /// What was looked for and what was found wrong so far.
    package let faults: [FaultBoard.Key: FaultBoard.Count]

    public struct StreamFigures: Sendable {
      public let id: String
      public let sourceStage: String
      public let isLive: Bool
      /// From capture to delivery; nil for streams without a budget.
      public let deadlineMs: Double?
      public let isRunning: Bool
      public let values: StreamMetrics.Values
    }
  }

  /// The few figures that cost a running pipeline next to nothing, for looking often.
  public struct Glance: Sendable {
    public let elapsedSeconds: Double
    public let ledger: Ledger.Account
    public let detections: Int
    /// Frames that wait, by stage; without sources.
    public let queueDepth: [String: Int]
    /// The latest reading of the run's power.
    public let watts: Double?
  }

  public func glance() -> Glance {
    Glance(
      elapsedSeconds: elapsedSeconds(at: context.clock.now()), ledger: ledger.total,
      detections: metrics.reduce(0) { $0 + $1.detections },
      queueDepth: Dictionary(runners.map { ($0.id, $0.port.depth.now) }, uniquingKeysWith: { first, _ in first }),
      watts: power?.current?.watts)
  }

  /// From the moment when all stages were ready to the end of the run, or to `now` while it goes on.
  private func elapsedSeconds(at now: MonotonicTime) -> Double {
    times.withLock { Double(($0.end ?? now).nanoseconds(since: $0.start)) / 1e9 }
  }

  /// - Parameter withFacts: also asks every stage for its facts.
  public func snapshot(withFacts: Bool = false) -> Snapshot {
    let cpu = context.census.cpuNanoseconds()
    let ports = Dictionary(runners.map { ($0.id, $0.port) }, uniquingKeysWith: { first, _ in first })
    let stages = plan.stages.indices.map { index in
      let stage = plan.stages[index], port = ports[stage.id], depth = port?.depth
      return Snapshot.StageFigures(
        id: stage.id, type: stage.descriptor.type, role: stage.descriptor.role, workers: stage.workers,
        values: metrics[index].current, cpuNanoseconds: cpu[stage.id] ?? 0, queueDepth: depth?.now ?? 0,
        queueCapacity: port?.capacity, queueHighest: depth?.highest ?? 0,
        facts: withFacts ? built.stages[index].facts : [:], tips: withFacts ? built.stages[index].tips : [],
        needsOrder: withFacts && built.stages[index].interface.needsOrder != nil)
    }
    let now = context.clock.now()
    var use = withFacts ? resources.use : nil
    use?.memoryBudgetMB = plan.memoryMB
    return Snapshot(
      now: now, elapsedSeconds: elapsedSeconds(at: now), started: times.withLock { $0.wall },
      stages: stages, ledger: ledger.total, streams: ledger.streams, links: runners.flatMap { $0.port.accounts },
      streamFigures: streamRunners.map {
        Snapshot.StreamFigures(
          id: $0.stream.id, sourceStage: $0.stream.sourceStage, isLive: $0.stream.isLive,
          deadlineMs: $0.stream.isLive ? $0.stream.deadlineMs ?? plan.deadlineMs : nil, isRunning: $0.isWorking,
          values: $0.figures.current)
      }, power: power?.account, livePower: power?.current, resources: use,
      faults: context.faults.current)
  }
}
