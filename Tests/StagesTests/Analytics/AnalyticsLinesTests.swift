import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct AnalyticsLinesTests {
  private typealias Thing = AnalyticsFixture.Thing

  /// From (200, 500) to (800, 500) in a picture of 1000 x 1000: its right side is below.
  private func line(
    _ name: String = "gate", change: (inout LinesStage.Configuration.Line) -> Void = { _ in }
  ) -> LinesStage.Configuration.Line {
    var line = LinesStage.Configuration.Line(name: name, points: [[200, 500], [800, 500]])
    change(&line)
    return line
  }

  private func stage(
    _ lines: [LinesStage.Configuration.Line]? = nil, change: (inout LinesStage.Configuration) -> Void = { _ in }
  ) throws -> LinesStage {
    var configuration = LinesStage.Configuration(lines: lines ?? [line()])
    change(&configuration)
    return try LinesStage(configuration, context: SinkFixture.context("lines"))
  }

  /// Shows one track at each of these heights, ten frames a second.
  private func walk(
    _ fixture: AnalyticsFixture, x: Double = 500, _ heights: [Double], from seconds: Double = 0, track: Int = 1
  ) throws -> [String] {
    try heights.enumerated().flatMap { index, y in
      try fixture.show([Thing(track: track, x: x, y: y)], at: seconds + Double(index) / 10)
    }.compactMap { $0.text("direction") }
  }

  @Test func `given a walk down and up when counted then it is in and then out, with totals`() throws {
    let fixture = try AnalyticsFixture(stage())
    #expect(try walk(fixture, [400, 450, 480, 520, 560]) == ["in"])
    let events = try [560, 520, 480, 440].enumerated().flatMap { index, y in
      try fixture.show([Thing(track: 1, x: 500, y: y)], at: 5 + Double(index) / 10)
    }
    let event = try #require(events.first)
    #expect(events.count == 1)
    #expect(event.kind == "line.cross" && event.track == 1 && event.label == "person" && event.stage == "lines")
    #expect(event.fields.map(\.key) == ["line", "found_by", "direction", "totals", "label_totals"])
    #expect(event.text("direction") == "out" && event.text("line") == "gate" && event.text("found_by") == "objects")
    #expect(event.counts("totals") == ["in": 1, "out": 1])
  }

  @Test func `given two classes and two directions when counted then totals are by class and direction`() throws {
    let stage = try stage([line { $0.directions = ["down", "up"] }])
    let fixture = try AnalyticsFixture(stage)
    var last: [String: FrameEvent] = [:]
    for tick in 0..<40 {
      let y = 300 + 10 * Double(tick)
      // Three people down, one up; two cars up.
      var things = (1...3).map { Thing(track: $0, x: 250 + 100 * Double($0), y: y) }
      things.append(Thing(track: 4, x: 700, y: 1000 - y))
      things += (5...6).map { Thing(track: $0, x: 100 * Double($0), y: 1000 - y, label: "car") }
      for event in try fixture.show(things, at: Double(tick) / 10) { last[event.label ?? ""] = event }
    }
    #expect(last["person"]?.counts("label_totals") == ["down": 3, "up": 1])
    #expect(last["car"]?.counts("label_totals") == ["down": 0, "up": 2])
    guard case .object(let lines)? = stage.facts["lines"] else {
      Issue.record("no facts")
      return
    }
    #expect(
      lines["gate"]
        == .object([
          "totals": .object(["down": .int(3), "up": .int(3)]),
          "by_label": .object([
            "person": .object(["down": .int(3), "up": .int(1)]), "car": .object(["down": .int(0), "up": .int(2)]),
          ]),
        ]))
  }

  @Test(arguments: 1...5) func `given a box that trembles on the line when it goes over then it counts once`(
    seed: UInt64
  ) throws {
    var random = SinkFixture.Random(seed: seed)
    let fixture = try AnalyticsFixture(stage { $0.minGapS = 0 })
    // 10 pixels of hysteresis on either side; noise of 2, so that a step to the other side is one of 5 deviations and more.
    let heights = (0..<300).map { tick in
      let way: Double = tick < 50 ? 400 + 2 * Double(tick) : tick < 250 ? 500 : 500 + 2 * Double(tick - 250)
      return way + (tick < 50 || tick >= 250 ? 0 : min(9, max(-9, 2 * random.normal())))
    }
    #expect(try walk(fixture, heights) == ["in"])
  }

  @Test func `given one that turns round near the line when it goes back then it does not count`() throws {
    let fixture = try AnalyticsFixture(stage())
    // The hysteresis is 10 pixels: 509 is not past the line, 510 is.
    #expect(try walk(fixture, [450, 490, 505, 509, 500, 480, 450]).isEmpty)
    #expect(try walk(fixture, [450, 490, 505, 510], from: 10) == ["in"])
  }

  @Test func `given a quick way there and back when the gap is not over then only the first counts`() throws {
    let fixture = try AnalyticsFixture(stage { $0.minGapS = 2 })
    #expect(try walk(fixture, [450, 550, 450, 550]) == ["in"])
    // It came back once more and stays: counted when two seconds have passed since the first count.
    let heights = [Double](repeating: 450, count: 30)
    var at: [Double] = []
    for (index, y) in heights.enumerated() {
      let seconds = 0.4 + Double(index) / 10
      if try !fixture.show([Thing(track: 1, x: 500, y: y)], at: seconds).isEmpty { at.append(seconds) }
    }
    #expect(at.count == 1 && abs((at.first ?? 0) - 2.1) < 1e-9)
  }

  @Test func `given ways past the ends when the endless line is crossed then nothing counts`() throws {
    let fixture = try AnalyticsFixture(stage())
    #expect(try walk(fixture, x: 199, [400, 600, 400]).isEmpty)
    #expect(try walk(fixture, x: 801, [400, 600, 400], from: 10, track: 2).isEmpty)
    #expect(try walk(fixture, x: 200, [400, 600], from: 20, track: 3) == ["in"])
    #expect(try walk(fixture, x: 800, [400, 600], from: 30, track: 4) == ["in"])
    // Around the end and back through the gate.
    let around: [(Double, Double)] = [(500, 400), (900, 400), (900, 600), (500, 600), (500, 400)]
    let told = try around.enumerated().flatMap { index, place in
      try fixture.show([Thing(track: 5, x: place.0, y: place.1)], at: 40 + Double(index))
    }
    #expect(told.map { $0.text("direction") } == ["out"])
  }

  @Test func `given one that appears on the line when it moves off then it does not count`() throws {
    let fixture = try AnalyticsFixture(stage())
    #expect(try walk(fixture, [498, 502, 560]).isEmpty)
    #expect(try walk(fixture, [560, 440], from: 3) == ["out"])
  }

  @Test func `given a gap in a track when it goes over meanwhile then it counts, unless it was forgotten`() throws {
    let fixture = try AnalyticsFixture(stage())
    try fixture.show([Thing(track: 1, x: 500, y: 400), Thing(track: 2, x: 500, y: 400)], at: 0)
    try fixture.show([], at: 4)
    #expect(try fixture.show([Thing(track: 1, x: 500, y: 600)], at: 5).count == 1)
    try fixture.show([], at: 6)
    #expect(try fixture.show([Thing(track: 2, x: 500, y: 600)], at: 7).isEmpty)
  }

  @Test func `given two streams when both are crossed then each has its totals, and the report their sum`() throws {
    let stage = try stage()
    let fixture = try AnalyticsFixture(stage)
    for (tick, y) in [400.0, 450, 550, 600].enumerated() {
      for stream in ["a", "b"] {
        for event in try fixture.show([Thing(track: 1, x: 500, y: y)], at: Double(tick), stream: stream) {
          #expect(event.counts("totals") == ["in": 1, "out": 0])
        }
      }
    }
    guard case .object(let lines)? = stage.facts["lines"], case .object(let gate)? = lines["gate"] else {
      Issue.record("no facts")
      return
    }
    #expect(gate["totals"] == .object(["in": .int(2), "out": .int(0)]))
  }

  @Test func `given a step back in time or a new size when it comes then no way leads over it, and totals stay`() throws
  {
    let fixture = try AnalyticsFixture(
      stage([line { $0.points = [[0, 0.5], [1, 0.5]] }]) { $0.units = "relative" })
    #expect(try walk(fixture, [400, 600], from: 10) == ["in"])
    try fixture.show([Thing(track: 2, x: 500, y: 400)], at: 11)
    #expect(try fixture.show([Thing(track: 2, x: 500, y: 600)], at: 2).isEmpty)
    // In the larger picture the line lies lower.
    #expect(try fixture.show([Thing(track: 2, x: 500, y: 1200)], at: 3, height: 2000).isEmpty)
    let events = try fixture.show([Thing(track: 2, x: 500, y: 800)], at: 4, height: 2000)
    #expect(events.first?.counts("totals") == ["in": 1, "out": 1])
  }

  @Test func `given labels and streams when others cross then they are not counted`() throws {
    let lines = [line("cars") { $0.labels = ["car"] }, line("west") { $0.streams = ["west"] }]
    let fixture = try AnalyticsFixture(stage(lines))
    var told: [String] = []
    for stream in ["east", "west"] {
      for (tick, y) in [400.0, 600].enumerated() {
        let things = [Thing(track: 1, x: 400, y: y), Thing(track: 2, x: 600, y: y, label: "car")]
        let events = try fixture.show(things, at: Double(tick), stream: stream)
        told += events.map { "\(stream) \($0.text("line") ?? "") \($0.label ?? "")" }
      }
    }
    #expect(told == ["east cars car", "west cars car", "west west person", "west west car"])
  }

  @Test func `given random walks without hysteresis when counted then totals agree with crossing tests of each step`()
    throws
  {
    var random = SplitMix64(seed: 5)
    let stage = try stage {
      $0.hysteresis = 0
      $0.minGapS = 0
    }
    let fixture = try AnalyticsFixture(stage)
    var expected = [0, 0]
    var counted = [0, 0]
    var places = (0..<40).map { _ in
      Vertex(.random(in: 50...950, using: &random), .random(in: 200...800, using: &random))
    }
    for tick in 0..<200 {
      var things: [Thing] = []
      for index in places.indices {
        let old = places[index]
        // Quarters of pixels are exact in every number used here.
        let step = Vertex(
          Double(Int.random(in: -200...200, using: &random)) / 4, Double(Int.random(in: -200...200, using: &random)) / 4
        )
        var new = Vertex((old.x * 4).rounded() / 4, (old.y * 4).rounded() / 4)
        if tick > 0 { new += step }
        new = Vertex(min(950, max(50, new.x)), min(900, max(100, new.y)))
        if tick > 0, (old.y >= 500) != (new.y >= 500) {
          let x = old.x + (new.x - old.x) * (500 - old.y) / (new.y - old.y)
          if x >= 200, x <= 800 { expected[new.y >= 500 ? 0 : 1] += 1 }
        }
        places[index] = new
        things.append(Thing(track: index, x: new.x, y: new.y))
      }
      for event in try fixture.show(things, at: Double(tick) / 10) {
        counted[event.text("direction") == "in" ? 0 : 1] += 1
      }
    }
    #expect(counted == expected && expected[0] > 50 && expected[1] > 50)
  }

  @Test func `given crowds without end when watched then what is remembered is bounded`() {
    var counter = LineCounter(
      line: DirectedLine(from: Vertex(0, 0), to: Vertex(1, 0)), rules: .init(hysteresis: 0, gap: 0, gone: .max))
    for frame in 0..<20 {
      let time = MediaTime(seconds: Double(frame))
      for track in 0..<1000 { _ = counter.see(TrackKey(stage: 0, track: frame * 1000 + track), at: .zero, time) }
      counter.endFrame(at: time)
      #expect(counter.trackCount == min(LineCounter.maximumTracks, (frame + 1) * 1000))
    }
  }
}
