import Foundation
import Logging
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Control socket: the graph, and files that stages have finished", .timeLimit(.minutes(5)))
struct ControlFilesTests {
  /// Tells of a file for each frame.
  private final class Camera: FrameStage {
    struct Configuration: StageConfiguration {
      static let options: [ConfigurationOption<Self>] = []
    }
    static let type = "sink.camera"
    static let summary = "Writes nothing."
    static let role = StageRole.sink

    private let context: StageContext
    init(_ configuration: Configuration, context: StageContext) { self.context = context }
    func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(context: context) }

    private final class Worker: FrameWorker {
      private let context: StageContext
      init(context: StageContext) { self.context = context }
      func process(_ frame: Frame) -> FrameOutcome {
        context.tell(
          .clip, of: frame.header.stream.id, path: "out/\(frame.header.sequence).mp4", picture: "/p.jpg",
          begin: frame.header.capturedWall, facts: ["duration_s": .double(2)])
        return .emit(frame)
      }
    }
  }

  /// A run that has done `frames` frames and goes on until the test is over.
  private func withRun(frames: Int, _ body: (ControlClient, PipelineRunner) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock", collector = Collector()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let stages: [PipelinePlan.StagePlan] = try [
      .source("in", count: frames), .init("objects", Gain.self, after: ["in"]),
      .init("clips", Camera.self, after: ["objects"]), .sink("out", after: ["clips"], into: collector),
    ]
    let runner = try PipelineRunner(PipelinePlan(name: "t", stages: stages), logger: logger, staysOpen: true)
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    defer {
      runner.requestStop()
      _ = runner.wait()
      server.stop()
    }
    let client = try ControlClient(path: path)
    _ = try client.ask("subscribe", ["topics": .list([.string("files")])])
    try runner.start()
    collector.wait(for: frames)
    try body(client, runner)
  }

  private func object(_ value: ReportValue?) throws -> [String: ReportValue] {
    guard case .object(let members)? = value else { throw PipelineError("no object", code: .malformed) }
    return members
  }

  private func list(_ value: ReportValue?) -> [ReportValue] {
    if case .list(let values)? = value { values } else { [] }
  }

  @Test(
    "given a run, when its graph is asked for, then each stage has its links and its options that change, as they are now"
  )
  func graph() throws {
    try withRun(frames: 1) { client, _ in
      func options() throws -> [String: [String: ReportValue]] {
        let stages = try list(client.ask("graph")["stages"]).map(object)
        #expect(stages.map { $0["id"] } == [.string("in"), .string("objects"), .string("clips"), .string("out")])
        #expect(stages[1]["after"] == .list([.string("in")]) && stages[0]["role"] == .string("source"))
        let options = try list(stages[1]["options"]).map(object)
        return Dictionary(
          options.compactMap { option in if case .string(let name)? = option["name"] { (name, option) } else { nil } },
          uniquingKeysWith: { first, _ in first })
      }
      let before = try options()
      #expect(Set(before.keys) == ["gain", "limit"], "the model is fixed")
      #expect(before["gain"]?["value"] == .null && before["gain"]?["default"] == .int(1))
      #expect(try object(before["gain"]?["schema"])["maximum"] == .int(100))
      _ = try client.ask("set", ["stage": .string("objects"), "options": .object(["gain": .double(2.5)])])
      #expect(try options()["gain"]?["value"] == .double(2.5))
    }
  }

  @Test(
    "given files that a stage has finished, when followed or asked for later, then each is told once, with its number")
  func files() throws {
    try withRun(frames: 3) { client, _ in
      var told: [[String: ReportValue]] = []
      while told.count < 3, let message = client.next() { told.append(try object(message)) }
      #expect(told.map { $0["number"] } == [.int(1), .int(2), .int(3)])
      #expect(told.allSatisfy { $0["event"] == .string("file") && $0["kind"] == .string("clip") })
      let current = FileManager.default.currentDirectoryPath
      #expect(told[0]["path"] == .string("\(current)/out/0.mp4") && told[0]["picture"] == .string("/p.jpg"))
      let later = try list(client.ask("files", ["after": .int(1)])["files"]).map(object)
      #expect(later.map { $0["number"] } == [.int(2), .int(3)])
      #expect(try list(client.ask("files")["files"]).count == 3)
    }
  }

  @Test("given more files than are kept, when asked for, then the newest are there")
  func bounded() {
    let files = WrittenFiles(RunNotices()), last = 2 * WrittenFiles.limit + 5
    for number in 1...last {
      files.note(
        WrittenFile(
          .picture, stage: "s", stream: "a", path: "/\(number)", picture: nil, begin: WallTime(nanoseconds: 0),
          facts: [:]))
    }
    let kept = files.files(after: 0)
    #expect(kept.count == WrittenFiles.limit && kept.last?.number == last && kept.last?.path == "/\(last)")
  }

  @Test("given figures, when a run loses frames, then its ledger says where and why, and adds up")
  func ledger() throws {
    try withRun(frames: 4) { client, _ in
      _ = try client.ask("subscribe", ["topics": .list([.string("figures")]), "every": .double(0.1)])
      let ledger = try object(object(client.next())["ledger"])
      #expect(ledger["admitted"] == .int(4) && ledger["delivered"] == .int(4) && ledger["balanced"] == .bool(true))
      #expect(ledger["dropped"] == .list([]) && ledger["failed"] == .object([:]))
    }
  }
}
