import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct ResultSelectorTests {
  private func selector(_ what: [ResultKind], _ change: (inout ResultSelection) -> Void = { _ in }) -> ResultSelector {
    var selection = ResultSelection(what: what)
    change(&selection)
    return ResultSelector(selection)
  }

  private func frame(
    _ seconds: Double, stream: String = "camera", labels: [String]? = nil, _ events: [FrameEvent] = []
  ) -> Frame {
    let results = labels.map { labels in
      [StageResults(stage: "objects", detections: labels.map { SinkFixture.detection($0, x: 0, y: 0) })]
    }
    var frame = SinkFixture.frame(
      Int(max(0, seconds) * 30), stream: stream, seconds: seconds, results: results ?? [])
    for event in events { frame.add(event) }
    return frame
  }

  private func occupancy(_ zone: String, _ count: Int) -> FrameEvent {
    FrameEvent(
      stage: "zones", kind: "zone.occupancy", fields: [.init("zone", .string(zone)), .init("count", .int(count))])
  }

  private func enter(_ zone: String, _ track: Int, _ label: String = "person") -> FrameEvent {
    FrameEvent(
      stage: "zones", kind: "zone.enter", label: label, track: track, fields: [.init("zone", .string(zone))])
  }

  private func cross(_ line: String, _ track: Int, _ label: String = "person") -> FrameEvent {
    FrameEvent(
      stage: "lines", kind: "line.cross", label: label, track: track, fields: [.init("line", .string(line))])
  }

  @Test func `given no restriction when frames come then everything that is asked for is taken`() {
    let events = [enter("door", 1), occupancy("door", 1), cross("gate", 1, "car")]
    let full = frame(0, labels: ["person"], events)
    var all = selector([.events, .frames])
    #expect(all.select(full) == .init(isFrameTaken: true, events: events))
    var some = selector([.events])
    #expect(some.select(full) == .init(isFrameTaken: false, events: events))
    #expect(some.takesOptions && !some.takesHealth && !some.takesTracks)
    var none = selector([.health, .tracks])
    #expect(none.select(full).isEmpty && none.takesHealth && none.takesTracks && !none.takesOptions)
  }

  @Test func `given zones and classes when events come then those of both are taken, without a label too`() {
    var zones = selector([.events]) { $0.zones = ["door", "gate"] }
    let other = FrameEvent(stage: "alarm", kind: "dark")
    let events = [enter("door", 1), enter("yard", 1), occupancy("door", 1), cross("gate", 1, "car"), other]
    #expect(zones.select(frame(0, events)).events == [events[0], events[2], events[3]])
    #expect(!zones.takesOptions)
    var classes = selector([.events]) { $0.classes = ["Car"] }
    #expect(classes.select(frame(0, events)).events == [events[2], events[3], other])
  }

  @Test func `given seconds between results when events come then each kind, place and label has its own time`() {
    var selector = selector([.events]) { $0.everyS = 2 }
    #expect(selector.select(frame(0, [enter("door", 1), enter("yard", 1), enter("door", 2, "car")])).events.count == 3)
    #expect(selector.select(frame(1, [enter("door", 3), cross("door", 3)])).events == [cross("door", 3)])
    #expect(selector.select(frame(1, stream: "other", [enter("door", 3)])).events.count == 1)
    #expect(selector.select(frame(1.99, [enter("door", 4)])).isEmpty)
    #expect(selector.select(frame(2, [enter("door", 5)])).events == [enter("door", 5)])
    // Time that steps back is a stream that starts anew.
    #expect(selector.select(frame(0.5, [enter("door", 6)])).events == [enter("door", 6)])
  }

  @Test func `given a value that changes too early when its time has come then its latest state is told`() {
    var selector = selector([.events]) { $0.everyS = 2 }
    #expect(selector.select(frame(0, [occupancy("door", 1)])).events == [occupancy("door", 1)])
    #expect(selector.select(frame(0.5, [occupancy("door", 2)])).isEmpty)
    #expect(selector.select(frame(1, [occupancy("door", 0)])).isEmpty)
    #expect(selector.select(frame(1.5)).isEmpty)
    #expect(selector.select(frame(2)).events == [occupancy("door", 0)])
    #expect(selector.select(frame(9)).isEmpty)
    #expect(selector.select(frame(10, [occupancy("door", 1)])).events == [occupancy("door", 1)])
  }

  @Test func `given only changes when a value is as it was told then it is left out, and what tracks do is not`() {
    var selector = selector([.events]) {
      $0.everyS = 2
      $0.onChange = true
    }
    let dark = FrameEvent(stage: "alarm", kind: "dark")
    #expect(selector.select(frame(0, [occupancy("door", 1), dark, enter("door", 1)])).events.count == 3)
    #expect(selector.select(frame(0.5, [occupancy("door", 2)])).isEmpty)
    #expect(selector.select(frame(1, [occupancy("door", 1)])).isEmpty)
    #expect(selector.select(frame(3, [dark, enter("door", 1)])).events == [enter("door", 1)])
    #expect(selector.select(frame(5, [occupancy("door", 2)])).events == [occupancy("door", 2)])
  }

  @Test func `given seconds between frames when frames come then each stream has its own time`() {
    var selector = selector([.frames]) { $0.everyS = 1 }
    let taken = (0..<90).filter { selector.select(frame(Double($0) / 30)).isFrameTaken }
    #expect(taken == [0, 30, 60])
    #expect(selector.select(frame(2.5, stream: "other")).isFrameTaken)
  }

  @Test func `given only changes when frames come then the numbers of labels decide`() {
    var selector = selector([.frames]) {
      $0.onChange = true
      $0.classes = ["person", "car"]
    }
    let steps: [(labels: [String]?, isTaken: Bool)] = [
      ([], true), ([], false), (["person"], true), (["person"], false), (["dog", "person"], false),
      (["person", "car"], true), (["car", "person"], false),
      // Nobody looked: that says nothing.
      (nil, false), (["car", "person"], false), (["car"], true), (["person"], true), (["person", "person"], true),
      ([], true), (nil, false), ([], false),
    ]
    for (index, step) in steps.enumerated() {
      let selected = selector.select(frame(Double(index) / 10, labels: step.labels))
      #expect(selected.isFrameTaken == step.isTaken, "step \(index)")
    }
  }

  @Test func `given a change that came too early when the time has come then the frame that differs is taken`() {
    var selector = selector([.frames]) {
      $0.onChange = true
      $0.everyS = 1
    }
    #expect(selector.select(frame(0, labels: [])).isFrameTaken)
    #expect(!selector.select(frame(0.5, labels: ["car"])).isFrameTaken)
    #expect(selector.select(frame(1, labels: ["car"])).isFrameTaken)
    #expect(!selector.select(frame(2.5, labels: ["car"])).isFrameTaken)
  }

  @Test func `given endless kinds of events when they come then what is remembered stays bounded`() {
    var memory = StreamMemory()
    let rules = RepetitionRules(interval: 1_000_000_000, onChange: true)
    var most = 0
    for index in 0..<20_000 {
      let now = MediaTime(nanoseconds: Int64(index) * 1_000_000)
      memory.begin(at: now)
      // Each value comes twice, so that the second one waits.
      for count in 0..<2 { _ = memory.takes(occupancy("zone \(index)", count), at: now, rules) }
      most = max(most, memory.keyCount, memory.waitingCount)
    }
    #expect(most <= StreamMemory.maximumKeys)
  }

  /// Random frames of random streams: what is taken is in order, keeps its distance, and the last value of a zone that
  /// was told is in the end the one that is so.
  @Test(arguments: 0..<40) func `given random events when they are selected then the rules hold`(seed: UInt64) {
    var random = SinkFixture.Random(seed: seed)
    let interval: Double = ([0.1, 0.5, 2, 5] as [Double]).randomElement(using: &random) ?? 1
    let onChange = Bool.random(using: &random)
    var selector = selector([.events, .frames]) {
      $0.everyS = interval
      $0.onChange = onChange
    }
    struct Key: Hashable {
      var stream: String
      var kind: String
      var shape: String?
      var label: String?
    }
    var last: [Key: Double] = [:]
    var truth: [Key: FrameEvent] = [:]
    var told: [Key: FrameEvent] = [:]
    var lastFrame: [String: Double] = [:]
    func take(_ selected: ResultSelector.Selected, _ stream: String, _ time: Double) {
      for event in selected.events {
        let key = Key(stream: stream, kind: event.kind, shape: event.shape, label: event.label)
        if let before: Double = last[key] { #expect(time - before >= interval - 1e-6) }
        if onChange, event.isState { #expect(told[key] != event) }
        last[key] = time
        told[key] = event
      }
      if selected.isFrameTaken {
        if let before = lastFrame[stream] { #expect(time - before >= interval - 1e-6) }
        lastFrame[stream] = time
      }
    }
    var clocks: [String: Double] = [:]
    for _ in 0..<600 {
      let stream = ["a", "b", "c"].randomElement(using: &random) ?? "a"
      let time: Double = (clocks[stream] ?? 0) + Double.random(in: 0.01...0.4, using: &random)
      clocks[stream] = time
      var events: [FrameEvent] = []
      for zone in ["door", "yard"] where Int.random(in: 0..<3, using: &random) == 0 {
        events.append(occupancy(zone, .random(in: 0...3, using: &random)))
        events.append(enter(zone, .random(in: 0...99, using: &random)))
      }
      let selected = selector.select(frame(time, stream: stream, labels: ["person"], events))
      for event in events where event.isState {
        truth[Key(stream: stream, kind: event.kind, shape: event.shape, label: nil)] = event
      }
      let own = selected.events.filter { events.contains($0) && !$0.isState }
      #expect(own == events.filter { own.contains($0) }, "out of order")
      take(selected, stream, time)
    }
    for (stream, time) in clocks {
      take(selector.select(frame(time + interval, stream: stream)), stream, time + interval)
    }
    #expect(!truth.isEmpty && told.filter { $0.key.kind == "zone.occupancy" } == truth)
  }
}
