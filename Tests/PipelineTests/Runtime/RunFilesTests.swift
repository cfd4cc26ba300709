import Foundation
import Logging
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// A source whose streams read files: `id=path`.
private final class ReadingSource: SourceStage {
  typealias Configuration = NoConfiguration
  static let type = "source.reading"
  static let summary = ""
  let streams: [StreamInfo]
  private let paths: Mutex<[String: String]>

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("tests only", code: .internalFault)
  }

  init(_ paths: [String: String], context: StageContext) {
    self.paths = Mutex(paths)
    streams = paths.keys.sorted().map { StreamInfo(id: $0, sourceStage: context.id) }
  }

  func makeStream(id: String, url: String) -> StreamInfo {
    paths.withLock { $0[id] = url }
    return StreamInfo(id: id, sourceStage: streams[0].sourceStage)
  }

  func files(for streams: [String]) -> [FileUse] {
    paths.withLock { paths in
      streams.compactMap { id in paths[id].map { .reads($0, as: "the input of stream '\(id)'") } }
    }
  }

  func run(_ stream: StreamInfo, _ output: any SourceOutput) {}
}

/// A sink that writes one file a stream: `{stream}` in its path.
private final class WritingSink: FrameStage {
  typealias Configuration = NoConfiguration
  static let type = "sink.writing"
  static let summary = ""
  static let role = StageRole.sink
  private let path: String

  init(_ configuration: NoConfiguration, context: StageContext) throws {
    throw PipelineError("tests only", code: .internalFault)
  }
  init(_ path: String) { self.path = path }

  func files(for streams: [String]) -> [FileUse] {
    streams.map { .writes(path.replacingOccurrences(of: "{stream}", with: $0), as: "the video of stream '\($0)'") }
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }
  private final class Worker: FrameWorker { func process(_ frame: Frame) -> FrameOutcome { .emit(frame) } }
}

@Suite("Files of a run")
struct RunFilesTests {
  private let files: FilesFixture
  init() throws { files = try FilesFixture() }

  private func runner(
    _ inputs: [String: String], _ outputs: String..., files: [FileUse] = [], staysOpen: Bool = false
  ) throws -> PipelineRunner {
    let source = PipelinePlan.StagePlan(
      id: "camera",
      descriptor: StageDescriptor(type: "source.reading", summary: "", role: .source) { _, context in
        ReadingSource(inputs, context: context)
      })
    let sinks = outputs.enumerated().map { index, path in
      PipelinePlan.StagePlan(
        id: "sink\(index)",
        descriptor: StageDescriptor(type: "sink.writing", summary: "", role: .sink) { _, _ in WritingSink(path) },
        after: ["camera"])
    }
    return try PipelineRunner(
      PipelinePlan(name: "test", stages: [source] + sinks),
      logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() },
      staysOpen: staysOpen, files: files)
  }

  @Test func `given sinks in each other's way and an input when a run is made then all is told at once`() throws {
    let film = try files.file("film.mp4")
    let error = #expect(throws: StageBuildErrors.self) {
      _ = try runner(["door": film], film, files.path("a"), files.path("./a"))
    }
    #expect(error?.errors.map(\.stage) == ["sink0", "sink2"])
    #expect(error?.errors.allSatisfy { $0.exit == .config } == true)
    #expect(try files.names() == ["film.mp4"])
  }

  @Test func `given the command's own output when it is an input then the command is refused`() throws {
    let film = try files.file("film.mp4")
    let error = #expect(throws: PipelineError.self) {
      _ = try runner(["door": film], files.path("a"), files: [.writes(film, as: "--report")])
    }
    #expect(error?.exit == .ioError && error?.message.contains("--report") == true)
  }

  @Test func `given a path with {stream} when streams pass then each file counts, and without it two are one too many`()
    throws
  {
    let a = try files.file("a.mp4"), b = try files.file("b.mp4")
    _ = try runner(["x": a, "y": b], files.path("{stream}.mp4"))
    #expect(throws: StageBuildErrors.self) { _ = try runner(["x": a, "a": b], files.path("{stream}.mp4")) }
    let error = #expect(throws: StageBuildErrors.self) { _ = try runner(["x": a, "y": b], files.path("all.mp4")) }
    #expect(error?.errors.first?.remedy?.contains("{stream}") == true)
  }

  @Test func `given a run when a stream joins whose file the run writes then it is refused, and the run goes on`()
    throws
  {
    let film = try files.file("film.mp4"), other = try files.file("other.mp4")
    let runner = try runner(["door": film], files.path("{stream}.out"), staysOpen: true)
    try runner.start()
    try files.file("door.out")
    for path in [files.path("door.out"), files.path("./door.out")] {
      let error = #expect(throws: PipelineError.self) { try runner.addStream(id: "yard", url: path) }
      #expect(error?.message.contains("the input of stream 'yard'") == true, "\(String(describing: error))")
    }
    // Its own output over another's input.
    let link = try files.link("yard.out", to: "film.mp4")
    #expect(throws: PipelineError.self) { try runner.addStream(id: "yard", url: other) }
    try FileManager.default.removeItem(atPath: link)
    // What was refused left nothing behind.
    try runner.addStream(id: "yard", url: other)
    runner.requestStop()
    #expect(runner.wait().exit == .success)
    #expect(try files.text("film.mp4") == "mine")
  }
}
