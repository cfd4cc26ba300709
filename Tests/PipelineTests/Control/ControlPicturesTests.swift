import Foundation
import Logging
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Makes "pictures" whose bytes tell what was asked for.
private final class FakeRendering: PictureRendering {
  let rendered = Atomic<Int>(0)

  func makeRenderer(quality: Int, isAnnotated: Bool) -> any PictureRenderer { Renderer(self, quality, isAnnotated) }

  private final class Renderer: PictureRenderer {
    let rendering: FakeRendering
    let quality: Int
    let isAnnotated: Bool

    init(_ rendering: FakeRendering, _ quality: Int, _ isAnnotated: Bool) {
      (self.rendering, self.quality, self.isAnnotated) = (rendering, quality, isAnnotated)
    }

    func jpeg(_ frame: Frame, height: Int) throws(PipelineError) -> RenderedPicture {
      guard frame.image != nil else { throw PipelineError("the picture is gone", code: .internalFault) }
      rendering.rendered.wrappingAdd(1, ordering: .relaxed)
      return RenderedPicture(
        bytes: [UInt8(quality), isAnnotated ? 1 : 0, UInt8(frame.events.count)], width: 4, height: height)
    }
  }
}

@Suite("Pictures over the control socket", .timeLimit(.minutes(5)))
struct ControlPicturesTests {
  /// Frames get a picture in the first stage, and an event in each later one.
  private static func stages(_ out: Collector, _ gate: Monitor<Int>) -> [PipelinePlan.StagePlan] {
    func mark(_ id: String, after: [String]) -> PipelinePlan.StagePlan {
      .transform(id, after: after) { frame, _ in
        var frame = frame
        frame.add(FrameEvent(stage: id, kind: id))
        return .emit(frame)
      }
    }
    return [
      .source("in", count: 5_000_000) { sequence in gate.wait { $0 > sequence ? () : nil } },
      .transform("paint", after: ["in"]) { frame, _ in
        var frame = frame
        frame.image = GrayPicture(width: 4, height: 2, value: 9)
        return .emit(frame)
      },
      mark("a", after: ["paint"]), mark("b", after: ["a"]),
      // An end that knows less.
      .sink("early", after: ["paint"], into: Collector()), .sink("out", after: ["b"], into: out),
    ]
  }

  private func picture(_ answer: [String: ReportValue]) throws -> [String: ReportValue] {
    guard case .object(let members)? = answer["picture"] else { throw PipelineError("no picture", code: .malformed) }
    return members
  }

  @Test(
    "given watchers, when pictures are asked for, then complete frames keep their picture, others lose it, and none is rendered unasked"
  )
  func pictures() throws {
    let out = Collector(), gate = Monitor(0), rendering = FakeRendering()
    let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock"
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var services = StageServices()
    services.provide(rendering, as: (any PictureRendering).self)
    let runner = try PipelineRunner(
      PipelinePlan(name: "t", framesInFlight: 1, stages: Self.stages(out, gate)), logger: logger, services: services,
      staysOpen: true)
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    try runner.start()
    gate.change { $0 = 5 }
    out.wait(for: 5)
    #expect(out.all.allSatisfy { $0.image == nil } && rendering.rendered.load(ordering: .relaxed) == 0)

    // From now on there is always another frame.
    gate.change { $0 = .max }
    let client = try ControlClient(path: path)
    let first = try picture(
      client.ask(
        "picture", ["stream": .string("in"), "height": .int(100), "quality": .int(3), "annotated": .bool(false)]))
    #expect(first["jpeg"] == .string(Data([3, 0, 2]).base64EncodedString()), "both events: of the end that knows most")
    #expect(first["height"] == .int(100))
    let second = try picture(client.ask("picture", ["stream": .string("in")]))
    #expect(second["height"] == .int(720))
    if case .int(let a)? = first["frame"], case .int(let b)? = second["frame"] {
      #expect(b > a)
    } else {
      #expect(Bool(false))
    }
    #expect(rendering.rendered.load(ordering: .relaxed) == 2)

    _ = try client.ask(
      "subscribe", ["topics": .list([.string("pictures")]), "stream": .string("in"), "every": .double(0.1)])
    for _ in 0..<3 {
      guard case .object(let message)? = client.next() else { return #expect(Bool(false)) }
      #expect(message["event"] == .string("picture"))
    }
    _ = try client.ask("unsubscribe")
    for (members, words) in [
      (["stream": ReportValue.string("nobody")], "no stream"), ([:], "'stream'"),
      (["stream": .string("in"), "height": .int(1)], "'height'"),
      (["stream": .string("in"), "quality": .int(99)], "'quality'"),
    ] {
      let error = #expect(throws: PipelineError.self) { try client.ask("picture", members) }
      #expect("\(error.map { "\($0)" } ?? "")".contains(words))
    }
    runner.requestStop()
    #expect(runner.wait().isSuccess)
    expectBalanced(runner.snapshot())
    server.stop()
    // Only frames that were chosen have kept their picture.
    let kept = out.all.count { $0.image != nil }
    #expect(kept >= 5 && kept < out.all.count)
    #expect(out.all.allSatisfy { ($0.image != nil) == $0.isWatched })
  }

  @Test("given a stream that nobody watches, when asked or frames come, then nothing is chosen or kept")
  func tap() {
    let tap = PictureTap()
    let stream = StreamInfo(id: "s", sourceStage: "s"), clock = ManualClock()
    func frame(_ sequence: Int) -> Frame { TestFrames.frame(stream: stream, sequence: sequence, clock: clock) }
    #expect(tap.ask("s") == 0 && !tap.chooses("s"))
    tap.take(frame(0))
    tap.watch("s")
    #expect(tap.ask("s") == 0 && tap.chooses("s") && !tap.chooses("s"), "once for each time")
    tap.take(frame(1))
    #expect(tap.frame(of: "s", after: 0, until: clock.now())?.header.sequence == 1)
    #expect(tap.frame(of: "s", after: 1, until: clock.now()) == nil)
    tap.watch("s")
    tap.unwatch("s")
    #expect(tap.frame(of: "s", after: 0, until: clock.now()) != nil, "another one still watches")
    tap.unwatch("s")
    #expect(tap.frame(of: "s", after: 0, until: clock.now()) == nil)
  }
}
