import EdgepipeCore
import Foundation
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeOutputs
@testable import Pipeline
@testable import Stages

@Suite("Senders: frames become results with ids")
struct ResultItemsTests {
  private let stream = StreamInfo(id: "cam", sourceStage: "cam")
  private let log = LogLines()

  private func items(_ what: [ResultKind], _ change: (inout ResultSelection) -> Void = { _ in }) -> ResultItems {
    var selection = ResultSelection(what: what)
    change(&selection)
    let context = StageContext(
      id: "hook", pipeline: "p", run: "r", clock: ManualClock(), logger: log.logger(), framesInFlight: 1,
      threads: ThreadCensus())
    return ResultItems(selection, SendingSettings(), shape: PlainShape(), context: context)
  }

  private func frame(_ sequence: Int, events: [(stage: String, kind: String, label: String)] = [], track: Int? = nil)
    -> Frame
  {
    var frame = TestFrames.frame(stream: stream, sequence: sequence, clock: ManualClock())
    if let track {
      let box = Box(x: 10, y: 10, width: 20, height: 40)
      var detection = Detection(label: "person", classIndex: 0, score: 0.5, box: box)
      detection.track = track
      frame.attach(StageResults(stage: "objects", detections: [detection]))
    }
    for event in events { frame.add(FrameEvent(stage: event.stage, kind: event.kind, label: event.label)) }
    return frame
  }

  @Test("given sinks with different selections, when they make results of one frame, then an event has one id in all")
  func stableIDs() {
    let events = [("zones", "zone.enter", "person"), ("lines", "line.cross", "car"), ("zones", "zone.enter", "car")]
    var all = items([.events, .frames]), cars = items([.events]) { $0.classes = ["car"] }
    let now = ManualClock().now()
    #expect(
      all.items(of: frame(4, events: events), now: now).map(\.id)
        == ["r/cam/hook/4/frame", "r/cam/zones/4/0", "r/cam/lines/4/0", "r/cam/zones/4/1"])
    #expect(cars.items(of: frame(4, events: events), now: now).map(\.id) == ["r/cam/lines/4/0", "r/cam/zones/4/1"])
  }

  @Test("given a result, when it is made, then it is one JSON object with its id, without a newline")
  func bodies() throws {
    var items = items([.frames])
    let made = try #require(items.items(of: frame(0), now: ManualClock().now()).first)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(made.body)) as? [String: Any])
    #expect(object["id"] as? String == made.id && object["type"] as? String == "frame")
    #expect(!made.body.contains(UInt8(ascii: "\n")) && made.stream == "cam" && made.kind == "frame")
  }

  @Test("given a frame of which nothing is taken, when results are made, then there are none")
  func nothing() {
    var items = items([.events]) { $0.classes = ["dog"] }
    #expect(items.items(of: frame(0, events: [("zones", "zone.enter", "car")]), now: ManualClock().now()).isEmpty)
  }

  @Test(
    "given a track, when its stream or the run ends, then it is told once, with the frame in which it was last seen")
  func tracks() throws {
    var items = items([.tracks])
    for number in 0..<3 { #expect(items.items(of: frame(number, track: 7), now: ManualClock().now()).isEmpty) }
    let ended = items.itemsAtEnd()
    #expect(ended.map(\.id) == ["r/cam/objects/2/track-7"] && ended[0].kind == "track")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(ended[0].body)) as? [String: Any])
    #expect(object["frames"] as? Int == 3 && object["label"] as? String == "person")
    #expect(items.itemsAtEnd().isEmpty)
  }

  @Test(
    "given a stream that leaves and comes back under its name, when its frames count anew, then their ids are others")
  func streamsThatComeBack() {
    var items = items([.frames])
    let now = ManualClock().now(), again = StreamInfo(id: "cam", sourceStage: "cam")
    #expect(items.items(of: frame(0), now: now).map(\.id) == ["r/cam/hook/0/frame"])
    for (number, expected) in [(0, "r.2/cam/hook/0/frame"), (1, "r.2/cam/hook/1/frame")] {
      let frame = TestFrames.frame(stream: again, sequence: number, clock: ManualClock())
      #expect(items.items(of: frame, now: now).map(\.id) == [expected])
    }
  }

  @Test("given two events that say the same in one frame, when they become results, then their ids differ")
  func sameEvents() {
    var items = items([.events])
    let twice = [("zones", "zone.enter", "person"), ("zones", "zone.enter", "person")]
    let made = items.items(of: frame(3, events: twice), now: ManualClock().now())
    #expect(made.map(\.id) == ["r/cam/zones/3/0", "r/cam/zones/3/1"])
  }
}
