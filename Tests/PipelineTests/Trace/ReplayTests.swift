import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Cameras that tell of their state, break off and come back, and record pictures.
private final class FakeCameras: SourceStage {
  typealias Configuration = NoConfiguration
  static let type = "source.cameras"
  static let summary = ""

  final class Picture: FrameImage {
    let number: Int
    let width = 64
    let height = 48
    init(number: Int) { self.number = number }
  }

  let streams: [StreamInfo]
  private let context: StageContext
  private let count: Int
  private let pause: @Sendable () -> Void
  private let error: PipelineError?

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("no", code: .internalFault)
  }

  init(
    context: StageContext, streams: Int, count: Int, isLive: Bool, deadlineMs: Double?, error: PipelineError?,
    pause: @escaping @Sendable () -> Void
  ) {
    self.context = context
    self.count = count
    self.pause = pause
    self.error = error
    self.streams = (0..<streams).map {
      StreamInfo(id: "\(context.id)-\($0)", sourceStage: context.id, isLive: isLive, deadlineMs: deadlineMs)
    }
  }

  func run(_ stream: StreamInfo, _ output: any SourceOutput) throws {
    output.health(.connecting, attempt: 1, error: nil)
    for sequence in 0..<count {
      if sequence % 40 == 20 {
        output.health(.stalled, attempt: 2, error: "gone")
        output.count("losses", 1)
      }
      if sequence % 40 == 21 || sequence == 0 { output.health(.streaming, attempt: 2, error: nil) }
      pause()
      output.mediaRecorder?.record([UInt8(truncatingIfNeeded: sequence)])
      let bare = TestFrames.frame(
        stream: stream, sequence: sequence, clock: context.clock,
        deadline: stream.deadlineMs.map { context.clock.now().advanced(byMilliseconds: $0) })
      let frame = Frame(header: bare.header, image: Picture(number: sequence & 0xFF))
      if output.emit(frame) == .stopped { return }
    }
    if let error { throw error }
  }

  static func plan(
    _ id: String, streams: Int = 1, count: Int, isLive: Bool, deadlineMs: Double? = nil, error: PipelineError? = nil,
    pause: @escaping @Sendable () -> Void = {}
  ) -> PipelinePlan.StagePlan {
    PipelinePlan.StagePlan(
      id: id,
      descriptor: StageDescriptor(type: type, summary: "", role: .source) { _, context in
        FakeCameras(
          context: context, streams: streams, count: count, isLive: isLive, deadlineMs: deadlineMs, error: error,
          pause: pause)
      })
  }
}

/// Makes the pictures of ``FakeCameras`` again, as long as it may.
private struct FakePictures: MediaReplayer {
  var failsAt: UInt8?

  final class Replay: MediaReplay {
    let failsAt: UInt8?
    var next: FakeCameras.Picture?
    init(failsAt: UInt8?) { self.failsAt = failsAt }

    func apply(_ record: [UInt8]) throws(PipelineError) {
      guard let first = record.first, first != failsAt else { throw PipelineError("no such picture", code: .malformed) }
      next = FakeCameras.Picture(number: Int(first))
    }

    func takePicture() -> (any FrameImage)? { next }
  }

  func makeReplay(for stream: StreamInfo, context: StageContext) -> any MediaReplay { Replay(failsAt: failsAt) }
}

@Suite("Traces: replay", .timeLimit(.minutes(20)))
struct ReplayTests {
  /// Keeps a thread busy for a while that no other run repeats: by the clock, since counting takes five times as long
  /// under the thread sanitizer.
  private static func spin(upToMicroseconds most: Int) {
    guard most > 0 else { return }
    let end = ContinuousClock.now + .microseconds(Int.random(in: 0...most))
    while ContinuousClock.now < end {}
  }

  /// A stage that counts what it sees, as a tracker does: its results depend on the order.
  private static func counter(_ id: String, after: [String], queue: Int? = nil, busy: Int = 0) -> PipelinePlan.StagePlan
  {
    let seen = Mutex(0)
    return .transform(id, after: after, queue: queue) { frame, _ in
      spin(upToMicroseconds: busy)
      var frame = frame
      let count = seen.withLock { value -> Int in
        value += 1
        return value
      }
      frame.add(FrameEvent(stage: id, kind: "\(id)\(count)"))
      return .emit(frame)
    }
  }

  /// A stage of several workers that sees the picture, gives up some frames and fails on others.
  private static func worker(_ id: String, after: [String], workers: Int, queue: Int?, busy: Int)
    -> PipelinePlan.StagePlan
  {
    var plan = PipelinePlan.StagePlan.transform(id, after: after, workers: workers, queue: queue) { frame, _ in
      spin(upToMicroseconds: busy)
      let sequence = frame.header.sequence
      if sequence % 29 == 7 { return .drop(DropReason(rawValue: "gate")) }
      if sequence % 31 == 11 { throw PipelineError("odd", consequence: .skipFrame, code: .malformed) }
      var frame = frame
      frame.add(FrameEvent(stage: id, kind: "p\((frame.image as? FakeCameras.Picture)?.number ?? -1)"))
      return .emit(frame)
    }
    let made = plan.descriptor
    plan.descriptor = StageDescriptor(
      type: made.type, summary: "", role: .transform, maximumWorkers: 64, needsImage: true, make: made.make)
    return plan
  }

  /// A graph of live and patient sources, stages of several workers, branches that join, and one or two sinks.
  private static func graph(seed: UInt64, _ lines: LineCollector, isReplay: Bool) -> PipelinePlan {
    var random = SplitMix64(seed: seed)
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    // The replay works at another speed.
    let busy = isReplay ? 0 : 900
    let sources = pick(1...2)
    var stages = (0..<sources).map { index in
      let isLive = pick(0...3) > 0
      let deadline: Double? = pick(0...1) == 0 ? nil : Double(pick(5...80))
      return FakeCameras.plan(
        "cam\(index)", streams: pick(1...3), count: pick(60...120), isLive: isLive, deadlineMs: deadline
      ) { spin(upToMicroseconds: 400) }
    }
    let inputs = stages.map(\.id)
    func queue() -> Int { pick(1...4) }
    let first = worker("a", after: inputs, workers: pick(1...3), queue: queue(), busy: busy)
    stages += [first, counter("b", after: inputs, queue: queue(), busy: busy / 2)]
    stages.append(worker("c", after: ["b"], workers: pick(1...2), queue: queue(), busy: busy))
    stages.append(counter("join", after: ["a", "c"], queue: queue(), busy: busy / 4))
    stages.append(lines.plan("out", after: ["join"], queue: queue()) { spin(upToMicroseconds: busy / 4) })
    if pick(0...1) == 1 {
      stages.append(
        lines.plan("side", after: ["b"], queue: queue(), defers: pick(0...2) > 0) { spin(upToMicroseconds: busy) })
    }
    return PipelinePlan(name: "t", framesInFlight: pick(0...1) == 0 ? nil : pick(2...12), stages: stages)
  }

  private static func run(_ plan: PipelinePlan, _ lines: LineCollector, _ journal: Journal, failsAt: UInt8? = nil)
    throws -> (
      RunResult, RunOutcome
    )
  {
    var services = StageServices()
    services.provide(FakePictures(failsAt: failsAt), as: (any MediaReplayer).self)
    let runner = try PipelineRunner(plan, logger: TraceFixture.quiet, services: services, journal: journal)
    try runner.start()
    let outcome = runner.wait()
    let snapshot = runner.snapshot()
    expectBalanced(snapshot)
    var result = RunResult(lines: lines.all)
    for (stream, account) in snapshot.streams {
      let dropped = account.dropped.map { "\($0.key.stage) \($0.key.reason.rawValue) \($0.value)" }.sorted()
      let failed = account.failed.map { "\($0.key) \($0.value)" }.sorted()
      result.ledgers[stream] = "\(account.admitted) = \(account.delivered) + \(dropped) + \(failed)"
    }
    result.links = snapshot.links.map { "\($0)" }.sorted()
    result.latencies = snapshot.streamFigures.map { figures in
      let values = figures.values
      return "\(figures.id) \(values.latency.milliseconds(atPercentile: 50)) \(values.inTime) \(values.late)"
        + " \(values.withDeadline) \(values.faults) \(values.changes.map(\.line))"
    }.sorted()
    return (result, outcome)
  }

  @Test(
    "given any graph in overload, when its trace is replayed twice, then every sink gets the same at the same instants",
    arguments: 0..<16)
  func sameAgain(seed: Int) throws {
    let fixture = try TraceFixture()
    let lines = LineCollector()
    let recorder = try fixture.recorder()
    let (recorded, outcome) = try Self.run(
      Self.graph(seed: UInt64(seed), lines, isReplay: false), lines, .recording(recorder))
    #expect(outcome.exit == .success)
    #expect(recorded.lines["out"]?.isEmpty == false)
    #expect(recorder.cutReason == nil)
    for _ in 0..<2 {
      let again = LineCollector()
      let (replayed, outcome) = try Self.run(
        Self.graph(seed: UInt64(seed), again, isReplay: true), again, .replaying(fixture.load()))
      #expect(outcome.exit == .success)
      #expect(replayed.lines == recorded.lines)
      #expect(replayed.ledgers == recorded.ledgers)
      #expect(replayed.links == recorded.links)
      #expect(replayed.latencies == recorded.latencies)
    }
  }

  @Test("given a trace that breaks off anywhere, when it is replayed, then each sink gets a beginning of what it got")
  func beginnings() throws {
    let fixture = try TraceFixture()
    let lines = LineCollector()
    let plan = Self.graph(seed: 3, lines, isReplay: false)
    let (recorded, _) = try Self.run(plan, lines, .recording(fixture.recorder()))
    let whole = try fixture.bytes()
    var random = SplitMix64(seed: 1)
    for _ in 0..<12 {
      try fixture.write(Array(whole[..<Int.random(in: 400..<whole.count, using: &random)]))
      let again = LineCollector()
      let (replayed, _) = try Self.run(Self.graph(seed: 3, again, isReplay: true), again, .replaying(fixture.load()))
      for (sink, all) in replayed.lines {
        let expected = recorded.lines[sink, default: []]
        #expect(all == Array(expected.prefix(all.count)), "\(sink): \(all.count) of \(expected.count)")
      }
    }
  }

  @Test(
    "given a run that a stage ended with an error, when it is replayed, then it ends with the same error after the same lines"
  )
  func failure() throws {
    let fixture = try TraceFixture()
    func plan(_ lines: LineCollector) -> PipelinePlan {
      let seen = Mutex(0)
      return PipelinePlan(
        name: "t",
        stages: [
          FakeCameras.plan("cam", streams: 2, count: 300, isLive: true) { Self.spin(upToMicroseconds: 160) },
          .transform("work", after: ["cam"]) { frame, _ in
            let count = seen.withLock { value -> Int in
              value += 1
              return value
            }
            if count == 15 { throw PipelineError("worn out", code: .internalFault) }
            return .emit(frame)
          },
          lines.plan("out", after: ["work"]),
        ])
    }
    let lines = LineCollector(), again = LineCollector()
    let (recorded, first) = try Self.run(plan(lines), lines, .recording(fixture.recorder()))
    let (replayed, second) = try Self.run(plan(again), again, .replaying(fixture.load()))
    #expect(first.exit == .software && second.exit == .software)
    #expect(second.failure?.message == "worn out")
    #expect(replayed.lines == recorded.lines)
    #expect(replayed.ledgers == recorded.ledgers)
  }

  @Test(
    "given a stream that ended with an error, when it is replayed, then it ends with it again and the other is whole")
  func streamFailure() throws {
    let fixture = try TraceFixture()
    let error = PipelineError("cut off", consequence: .endStream, code: .unavailable)
    func plan(_ lines: LineCollector) -> PipelinePlan {
      PipelinePlan(
        name: "t",
        stages: [
          FakeCameras.plan("bad", count: 30, isLive: false, error: error),
          FakeCameras.plan("good", count: 50, isLive: false),
          lines.plan("out", after: ["bad", "good"]),
        ])
    }
    let lines = LineCollector(), again = LineCollector()
    let (recorded, first) = try Self.run(plan(lines), lines, .recording(fixture.recorder()))
    let (replayed, second) = try Self.run(plan(again), again, .replaying(fixture.load()))
    #expect(first.exit == .partial && second.exit == .partial)
    #expect(second.streamFailures.map(\.stream) == ["bad-0"])
    #expect(replayed == recorded)
  }

  @Test(
    "given pictures that cannot be made again, when it is replayed, then their frames fail and nobody waits for them")
  func lostPictures() throws {
    let fixture = try TraceFixture()
    let lines = LineCollector(), again = LineCollector()
    _ = try Self.run(Self.graph(seed: 5, lines, isReplay: false), lines, .recording(fixture.recorder()))
    let (replayed, outcome) = try Self.run(
      Self.graph(seed: 5, again, isReplay: true), again, .replaying(fixture.load()), failsAt: 30)
    #expect(outcome.exit != .success)
    #expect(replayed.ledgers.values.contains { $0.contains("cam0 ") })
    #expect(replayed.lines["out", default: []].count < lines.all["out", default: []].count)
  }

  private final class Holder: Sendable {
    let queue = Mutex<ReplayQueue?>(nil)
  }

  @Test("given a trace that waits for a frame that never comes, when nothing goes on, then that is told and it ends")
  func stuck() {
    var script = Trace.StageScript()
    script.steps = [.frame(FrameKey(stream: 7, sequence: 0))]
    let holder = Holder()
    let progress = ReplayProgress(patienceMs: 5) { holder.queue.withLock { $0 }?.close() }
    let queue = ReplayQueue(script, clock: SystemClock(), progress: progress)
    holder.queue.withLock { $0 = queue }
    let popped = queue.pop { _ in }
    #expect(popped == nil)
  }

  @Test("given a stream that joined a running source, when it is replayed, then it is there too")
  func joined() throws {
    let fixture = try TraceFixture()
    let lines = Collector()
    let plan = PipelinePlan(name: "t", stages: [.source("a", count: 20), .sink("out", after: ["a"], into: lines)])
    let runner = try PipelineRunner(plan, staysOpen: true, journal: .recording(fixture.recorder()))
    try runner.start()
    try runner.addStream(id: "b", url: "anything")
    lines.wait(for: 40)
    runner.requestStop()
    #expect(runner.wait().exit == .success)

    let again = Collector()
    let replay = try PipelineRunner(
      PipelinePlan(name: "t", stages: [.source("a", count: 0), .sink("out", after: ["a"], into: again)]),
      journal: .replaying(fixture.load()))
    try replay.start()
    #expect(replay.wait().exit == .success)
    #expect(
      again.all.map { "\($0.header.stream.id) \($0.header.sequence)" }
        == lines.all.map { "\($0.header.stream.id) \($0.header.sequence)" })
  }
}
