import Foundation
import Logging
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Makes "pictures" of the one value that all pixels have.
private struct ValueRendering: PictureRendering {
  func makeRenderer(quality: Int, isAnnotated: Bool) -> any PictureRenderer { Renderer() }

  private final class Renderer: PictureRenderer {
    func jpeg(_ frame: Frame, height: Int) throws(PipelineError) -> RenderedPicture {
      RenderedPicture(bytes: [UInt8(frame.image?.width ?? 0)], width: 1, height: 1)
    }
  }
}

/// Puts a picture of one pixel in the place of each, and declares the picture anonymized.
private final class Hider: FrameStage {
  typealias Configuration = NoConfiguration
  static let type = "privacy.fake"
  static let summary = ""
  static let role = StageRole.transform

  init(_ configuration: NoConfiguration, context: StageContext) {}

  var interface: StageInterface {
    var interface = StageInterface()
    interface.anonymizes = true
    return interface
  }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }

  private final class Worker: FrameWorker {
    func process(_ frame: Frame) -> FrameOutcome {
      var frame = frame
      frame.image = GrayPicture(width: 1, height: 1, value: 0)
      return .emit(frame)
    }
  }
}

@Suite("Anonymized pictures over the control socket", .timeLimit(.minutes(5)))
struct AnonymizedPicturesTests {
  /// Asks a run for pictures, while frames go on.
  private static func ask(hides: Bool, _ body: (ControlClient) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock"
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var services = StageServices()
    services.provide(ValueRendering(), as: (any PictureRendering).self)
    let first = PipelinePlan.StagePlan.transform("paint", after: ["in"]) { frame, _ in
      var frame = frame
      frame.image = GrayPicture(width: 4, height: 2, value: 9)
      return .emit(frame)
    }
    let stages: [PipelinePlan.StagePlan] = [
      .source("in", count: 5_000_000), first,
      // The way to the original is the longer one.
      .transform("a", after: ["paint"]), .transform("b", after: ["a"]), .sink("raw", after: ["b"], into: Collector()),
      hides ? try .init("hide", Hider.self, after: ["paint"]) : .transform("hide", after: ["paint"]),
      .sink("out", after: ["hide"], into: Collector()),
    ]
    let runner = try PipelineRunner(
      PipelinePlan(name: "t", framesInFlight: 1, stages: stages), logger: logger, services: services, staysOpen: true)
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    try runner.start()
    try body(ControlClient(path: path))
    runner.requestStop()
    #expect(runner.wait().isSuccess)
    server.stop()
  }

  /// The bytes of a picture, in base64.
  private static func picture(_ client: ControlClient, requires: String? = nil) throws -> ReportValue? {
    var members: [String: ReportValue] = ["stream": .string("in")]
    members["requires"] = requires.map { .string($0) }
    guard case .object(let picture)? = try client.ask("picture", members)["picture"] else { return nil }
    return picture["jpeg"]
  }

  private static func value(_ width: UInt8) -> ReportValue { .string(Data([width]).base64EncodedString()) }

  @Test(
    "given one way on which things are hidden, when pictures are asked for, then they come from there, required or not")
  func hidden() throws {
    try Self.ask(hides: true) { client in
      let usual = try Self.picture(client), required = try Self.picture(client, requires: "anonymized")
      #expect(usual == Self.value(1) && required == Self.value(1))
      guard case .list(let streams)? = try client.ask("list")["streams"], case .object(let stream)? = streams.first
      else { throw PipelineError("no streams", code: .malformed) }
      #expect(stream["anonymized"] == .bool(true))
    }
  }

  @Test("given nothing that hides, when anonymized pictures are required, then they are refused, and others are not")
  func refused() throws {
    try Self.ask(hides: false) { client in
      let usual = try Self.picture(client)
      #expect(usual == Self.value(4))
      let members: [String: ReportValue] = [
        "stream": .string("in"), "requires": .string("anonymized"), "topics": .list([.string("pictures")]),
      ]
      let refused = "the pictures of 'in' are not shown: nothing is hidden in them"
      let once = #expect(throws: PipelineError.self) { try client.ask("picture", members) }
      #expect(once?.message == refused)
      let followed = #expect(throws: PipelineError.self) { try client.ask("subscribe", members) }
      #expect(followed?.message == refused)
      let unknown = #expect(throws: PipelineError.self) { try Self.picture(client, requires: "anonymised") }
      #expect(unknown?.message == "'requires' takes anonymized")
    }
  }
}
