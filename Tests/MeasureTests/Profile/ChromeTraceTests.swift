@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Measure
@testable import Pipeline

@Suite("A run as Trace Event Format")
struct ChromeTraceTests {
  private static func at(_ microseconds: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: 5_000_000_000 + Int64(microseconds * 1000))
  }

  private static func span(
    _ frame: Int, queued: Double? = nil, _ start: Double, _ end: Double, released: Double? = nil,
    kind: Span.Kind = .work
  ) -> Span {
    Span(
      kind: kind, stream: 3, sequence: frame, enqueued: at(queued ?? start), start: at(start), end: at(end),
      released: at(released ?? end))
  }

  private func write(_ trace: ChromeTrace) throws -> [[String: Any]] {
    var text = ""
    try trace.write { text += $0 }
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    return try #require(root["traceEvents"] as? [[String: Any]])
  }

  /// Two frames from a source over two workers of a detector, a third that is lost, and a pause.
  private var events: [[String: Any]] {
    get throws {
      let recording = SpanRecording(
        start: Self.at(0),
        lanes: [
          .init(stage: "objects", thread: "objects#1", spans: [Self.span(1, queued: 210, 212, 300)]),
          .init(stage: "objects", thread: "objects#0", spans: [Self.span(0, queued: 110, 111, 250, released: 310)]),
          .init(
            stage: "in", thread: "door",
            spans: [
              Self.span(0, -3, 100, released: 110), Self.span(0, 120, 190, kind: .pause),
              Self.span(1, 110, 200, released: 210),
              Self.span(2, 210, 280),
            ]),
        ],
        losses: [.init(stage: "objects", reason: "late", stream: 3, sequence: 2, time: Self.at(290))],
        streams: [3: "a \"door\""], overflow: 7)
      return try write(
        ChromeTrace(
          pipeline: "test", stages: ["in", "objects"], recording: recording,
          timeline: [
            TimelineSample(seconds: 0.0002, delivered: 1, queueDepth: ["objects": 2], watts: 11.5, rssMB: 80),
            TimelineSample(
              seconds: 0.0004, delivered: 2, dropped: [Ledger.Place(stage: "objects", reason: .late): 1],
              queueDepth: ["objects": 0], rssMB: 81),
          ]))
    }
  }

  @Test("given threads, then each has a named track in the order of the pipeline, and times begin with the first span")
  func tracks() throws {
    let events = try events
    let names = events.filter { $0["name"] as? String == "thread_name" }.map {
      ($0["args"] as? [String: String])?["name"]
    }
    #expect(names == ["lost frames", "in: door", "objects#0", "objects#1"])
    let work = events.filter { $0["cat"] as? String == "work" && $0["tid"] as? Int == 2 }
    // The source began 3 microseconds before the run did.
    #expect(work.map { $0["ts"] as? Double } == [0, 113, 213])
    // A nanosecond less than it took.
    #expect(work.map { $0["dur"] as? Double } == [102.999, 89.999, 69.999])
    let first = try #require(work.first?["args"] as? [String: Any])
    #expect(first["stream"] as? String == "a \"door\"")
    #expect(first["frame"] as? Int == 0)
    let objects = try #require(events.first { $0["cat"] as? String == "work" && $0["tid"] as? Int == 4 })
    #expect((objects["args"] as? [String: Any])?["queued_ms"] as? Double == 0.002)
  }

  @Test(
    "given frames, then an arrow leads from a frame's first slice to its last, and a frame that is seen once has none")
  func flows() throws {
    let flows = try events.filter { $0["cat"] as? String == "frame" }
    let byID = Dictionary(grouping: flows) { $0["id"] as? Int ?? 0 }
    #expect(byID.count == 2, "frame 2 was lost before the second stage")
    for arrow in byID.values {
      #expect(arrow.map { $0["ph"] as? String }.sorted { $0 ?? "" > $1 ?? "" } == ["s", "f"])
      #expect(arrow.first { $0["ph"] as? String == "f" }?["bp"] as? String == "e")
    }
  }

  @Test("given slices within slices and waits after them, then a thread's events are in the order of time")
  func order() throws {
    let timed = try events.filter { $0["ts"] != nil && $0["tid"] != nil }
    for (_, track) in Dictionary(grouping: timed, by: { $0["tid"] as? Int ?? 0 }) {
      let times = track.compactMap { $0["ts"] as? Double }
      #expect(times == times.sorted())
    }
    let pause = try #require(timed.firstIndex { $0["cat"] as? String == "pause" })
    #expect(timed[pause - 1]["ts"] as? Double == 113, "after the slice that it lies in")
    let waits = timed.filter { $0["cat"] as? String == "wait" }
    // Ten microseconds of passing on are not worth a slice, sixty are.
    #expect(waits.map { $0["dur"] as? Double } == [59.999])
  }

  @Test("given losses and samples, then they are instants and counters")
  func instantsAndCounters() throws {
    let events = try events
    let loss = try #require(events.first { $0["ph"] as? String == "i" })
    #expect(loss["name"] as? String == "objects: late")
    #expect(loss["ts"] as? Double == 293)
    let counters = events.filter { $0["ph"] as? String == "C" }
    func values(_ name: String, _ unit: String) -> [Double] {
      counters.filter { $0["name"] as? String == name }.compactMap { ($0["args"] as? [String: Double])?[unit] }
    }
    #expect(values("queue of objects", "frames") == [2, 0])
    #expect(values("power", "W") == [11.5], "no reading, no point")
    #expect(values("memory", "MB") == [80, 81])
    #expect(values("lost frames", "frames") == [0, 1])
    #expect(counters.first?["ts"] as? Double == 203)
  }

  @Test(
    "given a frame whose branches run side by side, then one arrow leads through all of them in the order of their starts"
  )
  func branches() {
    let flows = FrameFlows([
      .init(stage: "a", thread: "a", spans: [Self.span(0, 0, 10), Self.span(1, 10, 20)]),
      .init(stage: "b", thread: "b", spans: [Self.span(0, 12, 40)]),
      .init(stage: "c", thread: "c", spans: [Self.span(0, 11, 60)]),
      .init(stage: "d", thread: "d", spans: [Self.span(0, 61, 62)]),
    ])
    #expect(flows[0, 0]?.place == .start)
    #expect(flows[2, 0]?.place == .step)
    #expect(flows[1, 0]?.place == .step)
    #expect(flows[3, 0]?.place == .end)
    #expect(flows[0, 1] == nil)
    #expect(Set([flows[0, 0], flows[1, 0], flows[2, 0], flows[3, 0]].map { $0?.flow }).count == 1)
  }

  @Test("given a run without spans, then the file is whole all the same")
  func empty() throws {
    let events = try write(
      ChromeTrace(
        pipeline: "", stages: [], recording: SpanRecording(start: Self.at(0), lanes: [], losses: [], streams: [:]),
        timeline: []))
    #expect(events.allSatisfy { $0["ph"] as? String == "M" })
  }
}
