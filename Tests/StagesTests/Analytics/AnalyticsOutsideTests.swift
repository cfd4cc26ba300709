import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// What zones and lines say that can never see anything, and whose time is cut short again and again.
@Suite struct AnalyticsOutsideTests {
  private typealias Thing = AnalyticsFixture.Thing
  private let log = LogLines()

  private func zones(_ zones: [ZonesStage.Configuration.Zone], dwellS: Double? = nil) throws -> ZonesStage {
    var configuration = ZonesStage.Configuration(zones: zones)
    configuration.dwellS = dwellS
    configuration.debounceS = 0
    return try ZonesStage(configuration, context: log.context("zones"))
  }

  private func zone(_ name: String, _ x: Double, streams: [String]? = nil) -> ZonesStage.Configuration.Zone {
    var zone = ZonesStage.Configuration.Zone(
      name: name, points: [[x, 0], [x + 900, 0], [x + 900, 900], [x, 900]])
    zone.streams = streams
    return zone
  }

  private func frame(_ worker: any FrameWorker, at seconds: Double, _ discontinuity: Int, things: Bool = true) throws {
    let box = Box(x: 400, y: 300, width: 40, height: 100)
    let detection = Detection(label: "person", classIndex: 0, score: 0.9, box: box, track: 1)
    _ = try worker.process(
      SinkFixture.frame(
        Int(seconds * 100), seconds: seconds, width: 1000, height: 1000, discontinuity: discontinuity,
        results: [StageResults(stage: "objects", detections: things ? [detection] : [])]))
  }

  @Test func `given a zone outside the picture when frames come then it is told once and in the report`() throws {
    let stage = try zones([zone("yard", 0), zone("far", 1000)])
    let fixture = try AnalyticsFixture(stage)
    for second in 0..<5 { try fixture.show([], at: Double(second)) }
    // A step back in time starts the stream anew.
    try fixture.show([], at: 0)
    #expect(
      log.all == [
        "warning: the zone 'far' is outside the picture of 'camera', which has 1000x1000 pixels, or at its very edge: nothing can enter it"
      ])
    let far = ReportValue.object(["zone": .string("far"), "stream": .string("camera"), "size": .string("1000x1000")])
    #expect(stage.facts["outside"] == .list([far]))
  }

  @Test func `given another stream or another size when frames come then each is told`() throws {
    let stage = try zones([zone("far", 1000, streams: ["a", "b"])])
    let fixture = try AnalyticsFixture(stage)
    for (stream, side) in [("a", 1000), ("b", 1000), ("c", 1000), ("a", 500), ("a", 2000)] {
      try fixture.show([], at: 0, stream: stream, width: side, height: side)
    }
    #expect(log.all.count == 3)
    guard case .list(let outside)? = stage.facts["outside"] else {
      Issue.record("no fact")
      return
    }
    #expect(outside.count == 3)
  }

  @Test func `given a zone partly outside when frames come then nothing is told`() throws {
    let stage = try zones([zone("wide", -500), zone("edge", 900)])
    try AnalyticsFixture(stage).show([], at: 0)
    #expect(log.all.isEmpty)
    #expect(stage.facts["outside"] == nil)
  }

  @Test func `given lines outside and at the edge when frames come then they are told and others are not`() throws {
    let places: [(name: String, x: Double)] = [("far", 1200), ("edge", 1000), ("mid", 500)]
    let lines = places.map { LinesStage.Configuration.Line(name: $0.name, points: [[$0.x, 1000], [$0.x, 0]]) }
    let stage = try LinesStage(LinesStage.Configuration(lines: lines), context: log.context("lines"))
    let fixture = try AnalyticsFixture(stage)
    try fixture.show([], at: 1)
    try fixture.show([], at: 0)
    #expect(log.all.count == 2)
    #expect(log.all.allSatisfy { $0.contains("nothing can cross it") })
    guard case .list(let outside)? = stage.facts["outside"] else {
      Issue.record("no fact")
      return
    }
    #expect(outside.count == 2)
  }

  @Test func `given a camera that begins anew before dwellS when something stays then it is told once`() throws {
    let stage = try zones([zone("yard", 0)], dwellS: 8)
    let worker = stage.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for tick in 0..<40 { try frame(worker, at: Double(tick) / 2, tick / 10) }
    #expect(log.all.count == 1)
    #expect(log.all.first?.contains("the stream 'camera' has restarted") == true)
    #expect(log.all.first?.contains("'yard'") == true && log.all.first?.contains("8.0 s") == true)
    guard case .object(let zones)? = stage.facts["zones"], case .object(let yard)? = zones["yard"] else {
      Issue.record("no fact")
      return
    }
    #expect(yard["dwells_cut_short"] == .int(3))
  }

  @Test(arguments: [true, false])
  func `given nothing inside or a dwell that was told when the camera begins anew then nothing is said`(things: Bool)
    throws
  {
    let stage = try zones([zone("yard", 0)], dwellS: 2)
    let worker = stage.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for tick in 0..<40 { try frame(worker, at: Double(tick) / 2, tick / 10, things: things) }
    #expect(log.all.isEmpty)
  }
}
