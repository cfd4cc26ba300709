public import EdgepipeCore
import Foundation
public import Pipeline
import Synchronization

/// Notices that what a model finds in a stream is no longer what it was: drift of scores, labels, sizes and numbers of
/// detections, inputs unlike any before, and a mean confidence that has changed.
///
/// Input: frames with detections; predicted ones are left out. Output: the same frames; the one in which a fault is
/// noticed has an event `fault`, the one in which it is over `recovered`. Drops: nothing. The last `windowS` of a stream
/// are compared with its baseline by the population stability index, ``StabilityIndex``. The baseline is learned, or read from
/// results of an earlier run.
///
/// Trade-off: a longer `windowS` tells slow changes from those of an hour of the day, and notices later. A `learnMinutes`
/// that leaves out the night makes every night a drift.
///
/// ```json
/// { "id": "drift", "type": "monitor.scores", "after": ["tracks"], "config": { "baseline": "out/baseline.json" } }
/// ```
public final class ScoreMonitor: FrameStage {
  public struct Configuration: StageConfiguration {
    public var baseline: String?
    public var learnMinutes = 240.0
    public var windowS = 3600.0
    public var everyMs = 1000.0
    public var limit = 0.25
    public var confidence = 0.1
    public var minDetections = 200

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "baseline", \.baseline, .string,
        "What is usual: results of an earlier run (JSON Lines), or a file that is learned and written where it is not there."
      ),
      .init(
        "learnMinutes", \.learnMinutes, .number(0.1...525_600),
        "Minutes of media time that a stream without a baseline learns for."),
      .init("windowS", \.windowS, .number(12...604_800), "Seconds of media time that are compared with the baseline."),
      .init(
        "everyMs", \.everyMs, .number(0...60_000), "Milliseconds of media time from one frame that counts to the next."),
      .init(
        "limit", \.limit, .number(0.01...10), "The population stability index from which on there is drift."),
      .init(
        "confidence", \.confidence, .number(0.01...1), "The change of the mean score that is told."),
      .init(
        "minDetections", \.minDetections, .integer(20...1_000_000),
        "Detections that the window and the baseline must have at least."),
    ]

    public init() {}
  }

  public static let type = "monitor.scores"
  public static let summary = "Notices that scores, labels, sizes or numbers of detections drift from a baseline."
  public static let role = StageRole.transform

  fileprivate struct State {
    var baselines = ScoreBaselines()
    /// What is usual is in results that are still to be read.
    var awaitsResults = false
    /// Of each fault and each stream.
    var faults: [ScoreFault: Int] = [:]
    var figures: [String: DriftFigures] = [:]
  }

  fileprivate let configuration: Configuration
  fileprivate let context: StageContext
  fileprivate let state: Mutex<State>
  /// The baseline is read from results, and nothing is written into them.
  private let readsResults: Bool

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.configuration = configuration
    self.context = context
    var state = State()
    if let path = configuration.baseline {
      if case .coming = FilePlace(path) {
        guard !path.hasSuffix(Self.resultsEnding) else {
          throw PipelineError(
            "the results '\(path)' are not there",
            remedy: "write them with a sink.jsonl first; a file that this stage is to write has another ending",
            code: .notFound)
        }
        try OutputPath.checkFile(path)
      } else if try RecordedResults.isThere(path) {
        state.awaitsResults = true
      } else {
        state.baselines = try ScoreBaselines(reading: path)
      }
    }
    readsResults = state.awaitsResults
    self.state = Mutex(state)
  }

  private static let resultsEnding = ".jsonl"

  public var interface: StageInterface {
    var interface = StageInterface()
    interface.needsDetections = true
    return interface
  }

  public func files(for streams: [String]) -> [FileUse] {
    guard let path = configuration.baseline else { return [] }
    let role = "the baseline of '\(context.id)'"
    if readsResults { return [.reads(path, as: role)] }
    return context.isReplay ? [] : [.writes(path, as: role)]
  }

  public func makeWorker(_ worker: WorkerContext) throws -> any FrameWorker {
    try readResults()
    return Worker(stage: self)
  }

  /// Takes what results of an earlier run show, as far as they show enough.
  private func readResults() throws {
    let awaitsResults = state.withLock { state in
      defer { state.awaitsResults = false }
      return state.awaitsResults
    }
    guard awaitsResults, let path = configuration.baseline else { return }
    for (stream, tally) in try RecordedResults(reading: path, everyMs: configuration.everyMs).tallies {
      guard tally.detections >= configuration.minDetections else {
        context.logger.warning(
          """
          '\(path)' has \(tally.detections) detections of '\(stream)', and \(configuration.minDetections) are needed: what is \
          usual there is learned in this run
          """)
        continue
      }
      _ = state.withLock {
        $0.baselines.set(ScoreBaselines.Baseline(from: ScoreBaselines.Baseline.recorded, tally: tally), for: stream)
      }
      noteUsual(stream, tally)
    }
  }

  private func noteUsual(_ stream: String, _ tally: ScoreTally) {
    context.logger.notice(
      "learned what is usual in '\(stream)' from \(tally.frames) frames with \(tally.detections) detections")
  }

  /// By stream, what it was last compared with; and how often each fault was noticed.
  public var facts: [String: ReportValue] {
    state.withLock { state in
      let streams = state.figures.mapValues { figures in
        ReportValue.object(
          Dictionary(
            figures.told(nil, DriftRules()).map { ($0.name, .rounded($0.value)) }, uniquingKeysWith: { a, _ in a }))
      }
      return [
        "baselines": .list(state.baselines.streams.keys.sorted().map { .string($0) }), "streams": .object(streams),
        "faults": .object(
          Dictionary(
            ScoreFault.allCases.map { ($0.rawValue, .int(state.faults[$0] ?? 0)) }, uniquingKeysWith: { a, _ in a })),
      ]
    }
  }

  private final class Worker: FrameWorker {
    let stage: ScoreMonitor
    var streams = StreamTable<WatchedScores>()

    init(stage: ScoreMonitor) { self.stage = stage }

    func process(_ frame: Frame) throws -> FrameOutcome {
      // Nobody looked at it.
      guard frame.results.contains(where: { $0.detections.isEmpty || $0.detections.contains { !$0.isPredicted } })
      else { return .emit(frame) }
      var frame = frame
      let header = frame.header
      var learned: ScoreBaselines.Baseline?
      streams.update(header) {
        start(header)
      } restart: { scores in
        scores.restart()
      } body: { scores in
        for change in scores.take(frame) { tell(change, &frame) }
        learned = scores.takeBaseline()
        if let figures = scores.takeFigures() {
          stage.state.withLock { $0.figures[header.stream.id] = figures }
        }
      }
      if let learned { try stage.keep(learned, of: header.stream.id) }
      return .emit(frame)
    }

    private func start(_ header: FrameHeader) -> WatchedScores {
      let stream = header.stream.id
      stage.context.faults.watch(ScoreFault.allCases.map(\.rawValue), stage: stage.context.id, stream: stream)
      let known = stage.state.withLock { $0.baselines[stream] }
      // A replay of the run that learned it does what that run did: it learns.
      let isOwn = known?.from == header.capturedWall.nanoseconds
      return WatchedScores(stage.configuration, stream: stream, baseline: isOwn ? nil : known?.tally)
    }

    private func tell(_ change: WatchedScores.Told, _ frame: inout Frame) {
      let fault = change.fault
      if change.isBeginning { stage.state.withLock { $0.faults[fault, default: 0] += 1 } }
      frame.add(stage.context.tell(change.change(stage: stage.context.id)))
    }

    /// What a recording that is shorter than `learnMinutes` has shown is its baseline, where that is enough.
    func finish() throws {
      var learned: [(String, ScoreBaselines.Baseline)] = []
      streams.finish { stream, scores in if let baseline = scores.finish() { learned.append((stream, baseline)) } }
      for (stream, baseline) in learned { try stage.keep(baseline, of: stream) }
    }
  }

  fileprivate func keep(_ baseline: ScoreBaselines.Baseline, of stream: String) throws {
    let (baselines, isKept) = state.withLock { state in
      let isKept = state.baselines.set(baseline, for: stream)
      return (state.baselines, isKept)
    }
    noteUsual(stream, baseline.tally)
    guard isKept, let path = configuration.baseline, !readsResults, !context.isReplay else { return }
    try baselines.write(to: path)
  }
}
