import Foundation
import Logging
import PipelineTestSupport
import Synchronization

@testable import EdgepipeCore
@testable import Pipeline

/// A trace in a folder of its own, removed with it.
final class TraceFixture {
  let folder: URL
  var path: String { folder.appendingPathComponent("run.trace").path }

  init() throws { folder = try TestData.temporaryFolder("trace") }
  deinit { try? FileManager.default.removeItem(at: folder) }

  static let manifest = TraceManifest(version: "0", pipeline: "{}", created: WallTime(nanoseconds: 0))
  static var quiet: Logger { Logger(label: "t") { _ in SwiftLogNoOpLogHandler() } }

  func bytes() throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) }
  func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  /// A file that begins like a trace and goes on with `records`.
  func write(_ records: [TraceRecord]) throws {
    try write(TraceFormat.header + ([.manifest(Self.manifest.json)] + records).flatMap(\.encoded))
  }

  func recorder() throws -> TraceRecorder {
    try TraceRecorder(path: path, manifest: Self.manifest, logger: Self.quiet)
  }

  func load() throws -> Trace { try Trace(file: path) }
}

/// One record of each kind, such as a run writes them.
enum TraceSamples {
  static let stream = StreamInfo(id: "cam", sourceStage: "camera", isLive: true, deadlineMs: 80.5)
  static let key = FrameKey(stream: 0, sequence: 3)

  static let change = HealthChange(
    health: StreamHealth(
      stream: "cam", state: .stalled, since: MonotonicTime(nanoseconds: -5), sinceWall: WallTime(nanoseconds: 1 << 60),
      attempt: 4, lastError: "no “frame” came"),
    previous: .streaming, fault: .start, faultSeconds: 0.1)

  static func frame(_ sequence: Int, stream: Int = 0, dropped: DropReason? = nil) -> TraceRecord {
    .frame(
      .init(
        stream: stream, sequence: sequence, mediaTime: MediaTime(nanoseconds: .max),
        captured: MonotonicTime(nanoseconds: .min), capturedWall: WallTime(nanoseconds: -1),
        deadline: MonotonicTime(nanoseconds: 12), source: "rtsp://user:***@host", width: 1920, height: 1080,
        discontinuity: 2, detectionShare: 0.25, optionsVersion: 1, dropped: dropped))
  }

  static let error = PipelineError(
    "cannot", remedy: "do", stage: "camera", consequence: .endStream, code: .unavailable)

  static let all: [TraceRecord] = [
    .facts(Array("{}".utf8)), .options(.init(version: 1, stage: 2, json: Array(#"{"gain": 2}"#.utf8))),
    .stream(0, stream), .settled(stream: 0, isLive: false), .media(stream: 0, [0, 1, 255]),
    .health(stream: 0, .init(health: change.health, change: change)),
    .health(stream: 0, .init(health: change.health, change: nil)), .count(stream: 0, name: "damaged", increment: 3),
    frame(3), frame(4, dropped: .noCredit), .taken(stage: 1, key), .notice(stage: 1, change),
    .instant(stage: 1, key, MonotonicTime(nanoseconds: 99)), .lost(stage: 2, key, .late, afterTaking: false),
    .closed(key, .init(time: MonotonicTime(nanoseconds: 100), fate: .dropped(stage: "a", reason: .late))),
    .streamFailure(stream: 0, name: "cam", error),
    .streamEnd(stream: 0, error), .end(failed: true),
  ]
}

/// What a run left behind that a replay must leave behind again.
struct RunResult: Equatable {
  /// For each sink: stream, frame and the instant that was asked for, in order.
  var lines: [String: [String]] = [:]
  var ledgers: [String: String] = [:]
  var links: [String] = []
  var latencies: [String] = []
}

/// Sinks that write a line for each frame and each change of a stream.
final class LineCollector: Sendable {
  private let lines = Mutex<[String: [String]]>([:])
  var all: [String: [String]] { lines.withLock { $0 } }
  func add(_ line: String, to sink: String) { lines.withLock { $0[sink, default: []].append(line) } }

  /// - Parameter defers: tells the fates of frames in groups, a quarter of which is lost.
  func plan(
    _ id: String, after: [String], queue: Int? = nil, defers: Bool = false, work: @escaping @Sendable () -> Void = {}
  ) -> PipelinePlan.StagePlan {
    PipelinePlan.StagePlan(
      id: id,
      descriptor: StageDescriptor(type: "sink.lines", summary: "", role: .sink) { [self] _, context in
        LineSink(context: context, collector: self, defers: defers, work: work)
      }, after: after, queueCapacity: queue)
  }
}

extension HealthChange {
  /// All of it, in short.
  var line: String {
    "\(health.stream) \(previous?.rawValue ?? "-") > \(health.state.rawValue) \(health.since.nanoseconds)"
      + " \(health.sinceWall.nanoseconds) \(health.attempt) \(health.lastError ?? "-") \(fault?.rawValue ?? "-")"
      + " \(faultSeconds ?? 0)"
  }
}

final class LineSink: HealthObserver {
  typealias Configuration = NoConfiguration
  static let type = "sink.lines"
  static let summary = ""
  static let role = StageRole.sink

  private let context: StageContext
  private let collector: LineCollector
  private let defers: Bool
  private let work: @Sendable () -> Void

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("no", code: .internalFault)
  }

  init(context: StageContext, collector: LineCollector, defers: Bool, work: @escaping @Sendable () -> Void) {
    self.context = context
    self.defers = defers
    self.collector = collector
    self.work = work
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker(self) }

  private final class Worker: HealthObservingWorker {
    let sink: LineSink
    var group = (fate: DeferredFate(), frames: 0)
    var groups = 0
    init(_ sink: LineSink) { self.sink = sink }

    private func commit() {
      groups += 1
      group.fate.settle(groups % 4 == 3 ? .dropped(DropReason(rawValue: "full")) : .delivered)
      group = (DeferredFate(), 0)
    }

    func finish() { commit() }

    func process(_ frame: Frame) -> FrameOutcome {
      sink.work()
      let header = frame.header
      guard let instant = sink.context.instant(for: header) else { return .drop(.unrecorded) }
      let events = frame.events.map(\.kind).joined(separator: "+")
      sink.collector.add(
        "\(header.stream.id) \(header.sequence) \(header.captured.nanoseconds) \(header.capturedWall.nanoseconds)"
          + " \(header.mediaTime.nanoseconds) \(instant.nanoseconds) \(events)", to: sink.context.id)
      guard sink.defers else { return .emit(frame) }
      let fate = group.fate
      group.frames += 1
      if group.frames == 3 { commit() }
      return .deferred(fate)
    }

    func note(_ change: HealthChange) { sink.collector.add(change.line, to: sink.context.id) }
  }
}
