import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct AnalyticsZonesTests {
  private typealias Thing = AnalyticsFixture.Thing

  /// A square from (400, 400) to (600, 600) of a picture of 1000 x 1000.
  private func zone(_ name: String = "yard", change: (inout ZonesStage.Configuration.Zone) -> Void = { _ in })
    -> ZonesStage.Configuration.Zone
  {
    var zone = ZonesStage.Configuration.Zone(name: name, points: [[400, 400], [600, 400], [600, 600], [400, 600]])
    change(&zone)
    return zone
  }

  private func stage(
    _ zones: [ZonesStage.Configuration.Zone]? = nil, change: (inout ZonesStage.Configuration) -> Void = { _ in }
  ) throws -> ZonesStage {
    var configuration = ZonesStage.Configuration(zones: zones ?? [zone()])
    change(&configuration)
    return try ZonesStage(configuration, context: SinkFixture.context("zones"))
  }

  private func inside(_ track: Int, label: String = "person", stage: String = "objects") -> Thing {
    Thing(track: track, x: 500, y: 500, label: label, stage: stage)
  }
  private func outside(_ track: Int) -> Thing { Thing(track: track, x: 100, y: 500) }

  /// What is told about a track, as `enter 1`, or about the zone, as `count 2`.
  private func words(_ events: [FrameEvent]) -> [String] {
    events.map { event in
      let kind = event.kind.replacingOccurrences(of: "zone.", with: "")
      return switch kind {
      case "occupancy": "count \(event.text("count") ?? "")"
      case "presence": event.text("occupied") == "true" ? "occupied" : "empty"
      case "leave": "leave \(event.track ?? -1) \(event.text("reason") ?? "") \(event.text("dwell_s") ?? "")"
      case "dwell": "dwell \(event.track ?? -1) \(event.text("dwell_s") ?? "")"
      default: "\(kind) \(event.track ?? -1)"
      }
    }
  }

  @Test
  func `given a visit when debounced then entering, dwelling and leaving are told once each, dated to their beginning`()
    throws
  {
    let stage = try stage { $0.dwellS = 2 }
    let fixture = try AnalyticsFixture(stage)
    var told: [String: [String]] = [:]
    // 10 frames a second: outside until 1.0, inside from 1.1 to 5.0, outside after.
    for tick in 0...80 {
      let seconds = Double(tick) / 10
      let events = try fixture.show([tick > 10 && tick <= 50 ? inside(7) : outside(7)], at: seconds)
      if !events.isEmpty { told["\(seconds)"] = words(events) }
    }
    // Inside since 1.1: told 0.3 s later; 2 s after 1.1 the dwell; outside since 5.1.
    #expect(
      told == [
        "1.4": ["enter 7", "count 1", "occupied"], "3.1": ["dwell 7 2.0"],
        "5.4": ["leave 7 left 4.0", "count 0", "empty"],
      ])
    guard case .object(let zones)? = stage.facts["zones"] else {
      Issue.record("no facts")
      return
    }
    #expect(
      zones == ["yard": .object(["entries": .int(1), "leaves": .int(1), "inside": .int(0), "max_occupancy": .int(1)])])
  }

  @Test func `given an event when told then it carries zone, track, label and who found it`() throws {
    let fixture = try AnalyticsFixture(stage { $0.debounceS = 0 })
    let events = try fixture.show([inside(3, label: "car")], at: 0)
    #expect(
      events.first
        == FrameEvent(
          stage: "zones", kind: "zone.enter", label: "car", track: 3,
          fields: [.init("zone", .string("yard")), .init("found_by", .string("objects"))]))
    #expect(events.map(\.kind) == ["zone.enter", "zone.occupancy", "zone.presence"])
  }

  @Test func `given a box that trembles on the outline when debounced then nothing is told twice`() throws {
    let fixture = try AnalyticsFixture(stage())
    var told: [String] = []
    for tick in 0..<200 {
      // Two frames in, two frames out: never 0.3 s on one side.
      told += words(try fixture.show([tick / 2 % 2 == 0 ? inside(1) : outside(1)], at: Double(tick) / 10))
    }
    #expect(told.isEmpty)
    // And once it is in, the same trembling does not bring it out.
    for tick in 200..<205 { told += words(try fixture.show([inside(1)], at: Double(tick) / 10)) }
    for tick in 205..<400 {
      told += words(try fixture.show([tick / 2 % 2 == 0 ? inside(1) : outside(1)], at: Double(tick) / 10))
    }
    #expect(told == ["enter 1", "count 1", "occupied"])
  }

  @Test func `given frames to agree when time alone would do then so many frames are needed`() throws {
    let fixture = try AnalyticsFixture(
      stage {
        $0.debounceS = 0
        $0.debounceFrames = 3
      })
    let told = try (0..<4).map { words(try fixture.show([inside(1)], at: Double($0))).first }
    #expect(told == [nil, nil, "enter 1", nil])
  }

  @Test func `given a track that is not seen when it stays away then it leaves at its last sight, and not before`()
    throws
  {
    let fixture = try AnalyticsFixture(stage { $0.debounceS = 0 })
    try fixture.show([inside(1), inside(2)], at: 0)
    try fixture.show([inside(1), inside(2)], at: 2)
    // A gap of just the limit is bridged.
    #expect(try fixture.show([inside(1)], at: 3).isEmpty)
    let events = words(try fixture.show([inside(1)], at: 3.1))
    #expect(events == ["leave 2 gone 2.0", "count 1"])
    #expect(words(try fixture.show([], at: 60)) == ["leave 1 gone 3.1", "count 0", "empty"])
    // Who comes back after that enters again.
    #expect(words(try fixture.show([inside(1)], at: 61)) == ["enter 1", "count 1", "occupied"])
  }

  @Test func `given many that go at once when told then they are told in the order of their numbers`() throws {
    let fixture = try AnalyticsFixture(stage { $0.debounceS = 0 })
    try fixture.show((1...40).shuffled().map { inside($0) }, at: 0)
    let left = try fixture.show([], at: 5).compactMap(\.track)
    #expect(left == Array(1...40))
  }

  @Test func `given one that comes as another goes when told then the number is not told`() throws {
    let stage = try stage { $0.debounceS = 0 }
    let fixture = try AnalyticsFixture(stage)
    try fixture.show([inside(1)], at: 0)
    #expect(words(try fixture.show([outside(1), inside(2)], at: 1)) == ["leave 1 left 1.0", "enter 2"])
    #expect(words(try fixture.show([inside(2), inside(3)], at: 2)) == ["enter 3", "count 2"])
  }

  @Test func `given two streams when the same numbers walk in them then each counts for itself`() throws {
    let stage = try stage { $0.debounceS = 0 }
    let fixture = try AnalyticsFixture(stage)
    for tick in 0..<3 {
      let a = try fixture.show([inside(1)], at: Double(tick), stream: "a")
      // The other camera's clock is elsewhere.
      let b = try fixture.show([outside(1)], at: 1000 + Double(tick), stream: "b")
      #expect(words(a) == (tick == 0 ? ["enter 1", "count 1", "occupied"] : []))
      #expect(b.isEmpty)
    }
    #expect(words(try fixture.show([inside(1)], at: 1010, stream: "b")) == ["enter 1", "count 1", "occupied"])
    guard case .object(let zones)? = stage.facts["zones"] else {
      Issue.record("no facts")
      return
    }
    #expect(
      zones["yard"]
        == .object(["entries": .int(2), "leaves": .int(0), "inside": .int(2), "max_occupancy": .int(1)]))
  }

  @Test func `given zones of one stream when others pass then they hold there only`() throws {
    let zones = [
      zone("door") { $0.streams = ["a"] },
      zone("door") {
        $0.streams = ["b"]
        $0.points = [[0, 400], [200, 400], [200, 600]]
      },
    ]
    let fixture = try AnalyticsFixture(stage(zones) { $0.debounceS = 0 })
    let first = try fixture.show([inside(1)], at: 0, stream: "a")
    let second = try fixture.show([inside(1)], at: 0, stream: "b")
    let third = try fixture.show([outside(1)], at: 1, stream: "b")
    let other = try fixture.frame([inside(1), outside(2)], at: 1, stream: "c")
    #expect(first.map { $0.text("zone") } == ["door", "door", "door"])
    #expect(second.isEmpty && third.count == 3)
    #expect(other.events.isEmpty && other.attachments(of: FrameOverlay.self).isEmpty)
  }

  @Test func `given labels, numbers of two stages, untracked and predicted boxes when seen then those that count do`()
    throws
  {
    let zones = [zone("all"), zone("cars") { $0.labels = ["car"] }]
    let fixture = try AnalyticsFixture(stage(zones) { $0.debounceS = 0 })
    var untracked = inside(0)
    untracked.track = nil
    var predicted = inside(9)
    predicted.isPredicted = true
    let events = try fixture.show(
      [inside(1), inside(1, label: "car", stage: "vehicles"), untracked, predicted], at: 0)
    let entered = events.filter { $0.kind == "zone.enter" }
    #expect(
      entered.map { "\($0.text("zone") ?? "") \($0.track ?? -1) \($0.text("found_by") ?? "")" }
        == ["all 1 objects", "all 9 objects", "all 1 vehicles", "cars 1 vehicles"])
    #expect(events.filter { $0.kind == "zone.occupancy" }.map { $0.text("count") } == ["3", "1"])
  }

  @Test func `given two boxes with one number when seen then the first counts`() throws {
    let fixture = try AnalyticsFixture(stage { $0.debounceS = 0 })
    #expect(try fixture.show([outside(1), inside(1)], at: 0).isEmpty)
    #expect(words(try fixture.show([inside(1), outside(1)], at: 1)) == ["enter 1", "count 1", "occupied"])
  }

  @Test func `given a step back in time or a new size when it comes then all have left and may enter again`() throws {
    let fixture = try AnalyticsFixture(
      stage([
        zone {
          $0.units = "relative"; $0.points = [[0, 0], [1, 0], [1, 1], [0, 1]]
        }
      ]) { $0.debounceS = 0 })
    try fixture.show([inside(1)], at: 10)
    try fixture.show([inside(1)], at: 12)
    let back = words(try fixture.show([inside(1)], at: 3))
    #expect(back == ["leave 1 reset 2.0", "count 0", "empty", "enter 1", "count 1", "occupied"])
    let resized = words(try fixture.show([inside(1)], at: 4, width: 640, height: 1000))
    #expect(resized == ["leave 1 reset 0.0", "count 0", "empty", "enter 1", "count 1", "occupied"])
    #expect(
      try fixture.show([inside(1)], at: 4, width: 640, height: 1000).isEmpty, "a time that stands still is no step back"
    )
  }

  @Test(arguments: ["pixels", "relative"])
  func `given a box cut by the picture's edge when a zone reaches there then it is inside`(
    units: String
  ) throws {
    // Drawn to the last pixel of a 1920 x 1080 picture, or to its end.
    let corners: [[Double]] =
      units == "relative"
      ? [[0, 0.5], [1, 0.5], [1, 1], [0, 1]] : [[0, 540], [1919, 540], [1919, 1079], [0, 1079]]
    let zone = ZonesStage.Configuration.Zone(name: "floor", points: corners)
    let fixture = try AnalyticsFixture(
      stage([zone]) {
        $0.debounceS = 0
        $0.units = units
      })
    let places: [(Double, Double)] = [(960, 1080), (0, 800), (1920, 1080), (0, 1080), (1920, 700)]
    for (track, place) in places.enumerated() {
      let events = try fixture.show(
        [Thing(track: track, x: place.0, y: place.1)], at: Double(track) * 10, width: 1920, height: 1080)
      #expect(events.contains { $0.kind == "zone.enter" && $0.track == track }, "\(place)")
    }
  }

  @Test func `given the centre as anchor when feet are inside and the middle is not then it is outside`() throws {
    // The middle of the fixture's boxes is 50 above their lower edge.
    let zones = [zone("feet"), zone("middle") { $0.anchor = "center" }]
    let fixture = try AnalyticsFixture(stage(zones) { $0.debounceS = 0 })
    let events = try fixture.show([Thing(track: 1, x: 500, y: 420), Thing(track: 2, x: 500, y: 620)], at: 0)
    let entered = events.filter { $0.kind == "zone.enter" }
    #expect(entered.map { $0.text("zone") } == ["feet", "middle"] && entered.map(\.track) == [1, 2])
  }

  @Test func `given chosen events when told then only those are`() throws {
    let fixture = try AnalyticsFixture(
      stage {
        $0.debounceS = 0
        $0.events = ["occupancy"]
      })
    let first = try fixture.show([inside(1)], at: 0), second = try fixture.show([outside(1)], at: 1)
    #expect(words(first) == ["count 1"] && words(second) == ["count 0"])
  }

  @Test func `given random walks when watched then entries, leaves and numbers agree with a plain recount`() throws {
    var random = SplitMix64(seed: 21)
    let fixture = try AnalyticsFixture(
      stage {
        $0.debounceS = 0
        $0.goneS = 0
      })
    let area = Polygon([Vertex(400, 400), Vertex(600, 400), Vertex(600, 600), Vertex(400, 600)])
    var before: Set<Int> = []
    var entered = 0
    var places = (0..<30).map { _ in
      Vertex(.random(in: 300...700, using: &random), .random(in: 300...700, using: &random))
    }
    for tick in 0..<300 {
      var things: [Thing] = []
      var now: Set<Int> = []
      for index in places.indices {
        places[index] += Vertex(.random(in: -40...40, using: &random), .random(in: -40...40, using: &random))
        if Double.random(in: 0..<1, using: &random) < 0.05 { continue }
        // As the boxes' Float sees it.
        let place = Vertex(Double(Float(places[index].x)), Double(Float(places[index].y)))
        things.append(Thing(track: index, x: place.x, y: place.y))
        if area.contains(place) { now.insert(index) }
      }
      let events = try fixture.show(things, at: Double(tick))
      let enters = Set(events.filter { $0.kind == "zone.enter" }.compactMap(\.track))
      let leaves = Set(events.filter { $0.kind == "zone.leave" }.compactMap(\.track))
      #expect(enters == now.subtracting(before) && leaves == before.subtracting(now), "frame \(tick)")
      let told = events.first { $0.kind == "zone.occupancy" }?.text("count")
      #expect(told == (now.count == before.count ? nil : String(now.count)))
      entered += enters.count
      before = now
    }
    #expect(entered > 100, "the walk goes in and out")
  }

  @Test func `given crowds without end when watched then what is remembered is bounded`() throws {
    var state = ZoneState(rules: .init(debounce: 0, debounceFrames: 1, gone: .max, dwell: nil))
    var changes: [ZoneState.Change] = []
    for frame in 0..<20 {
      let time = MediaTime(seconds: Double(frame))
      for track in 0..<1000 {
        state.see(
          TrackKey(stage: 0, track: frame * 1000 + track), label: "person", isInside: true, at: time, changes: &changes)
      }
      state.endFrame(at: time, changes: &changes)
      #expect(state.visitCount == min(ZoneState.maximumVisits, (frame + 1) * 1000))
      #expect(state.occupancy == state.visitCount)
    }
    let entries = changes.count { if case .enter = $0 { true } else { false } }
    let leaves = changes.count { if case .leave = $0 { true } else { false } }
    #expect(entries == 20_000 && leaves == 20_000 - ZoneState.maximumVisits)

    var table = StreamTable<Int>()
    for index in 0..<1000 {
      table.update(SinkFixture.frame(0, stream: "s\(index)").header) {
        0
      } restart: { _ in
      } body: {
        $0 += 1
      }
    }
    #expect(table.count == StreamTable<Int>.maximumStreams)
  }
}
