import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

@Suite struct SQLiteSinkTests {
  private let fixture: DatabaseFixture

  init() throws { fixture = try DatabaseFixture() }

  private func sink(_ change: (inout SQLiteSink.Configuration) -> Void = { _ in }) throws -> SingleStage<SQLiteSink> {
    var configuration = SQLiteSink.Configuration(path: fixture.path)
    change(&configuration)
    return try SingleStage(SQLiteSink.self, configuration, id: "store")
  }

  private func enter(_ track: Int) -> FrameEvent {
    FrameEvent(
      stage: "zones", kind: "zone.enter", label: "person", track: track,
      fields: [.init("zone", .string("door")), .init("found_by", .string("objects"))])
  }

  private func isDeferred(_ outcome: FrameOutcome) -> Bool { if case .deferred = outcome { true } else { false } }

  @Test func `given frames with tracks and events when the run ends then they are in the database`() throws {
    let sink = try sink()
    for number in 0..<20 {
      let events = number == 5 ? [enter(1), enter(2)] : []
      let outcome = try sink.process(
        OutputFrames.frame(
          number, seconds: Double(number) / 10, [OutputFrames.detection(1), OutputFrames.detection(2)], events: events))
      // Only what has something to write waits for the disk: the first frame of the stream, and that with events.
      #expect(isDeferred(outcome) == (number == 0 || number == 5))
    }
    try sink.finish()
    #expect(
      try fixture.rows("SELECT id, place, found_by, json_extract(json, '$.zone') FROM events ORDER BY number") == [
        [.text("run/camera/zones/5/0"), .text("door"), .text("objects"), .text("door")],
        [.text("run/camera/zones/5/1"), .text("door"), .text("objects"), .text("door")],
      ])
    #expect(
      try fixture.rows("SELECT track, open, frames FROM tracks ORDER BY track") == [
        [.integer(1), .integer(0), .integer(20)], [.integer(2), .integer(0), .integer(20)],
      ])
    #expect(
      try fixture.rows("SELECT name, frames, source FROM streams") == [
        [.text("camera"), .integer(20), .text("street.mp4")]
      ])
    #expect(try fixture.rows("SELECT id, ending FROM runs") == [[.text("run"), .text("finished")]])
    #expect(sink.stage.facts["events"] == .int(2) && sink.stage.facts["tracks"] == .int(2))
    #expect(sink.stage.facts["rows_dropped"] == .int(0))
  }

  @Test func `given a run that fails before a frame comes when it ends then nothing is made`() throws {
    let stage = try SQLiteSink(
      .init(path: fixture.path),
      context: StageContext(
        id: "store", clock: ManualClock(), logger: LogLines().logger(), framesInFlight: 4, threads: ThreadCensus()))
    let worker = try stage.makeWorker(WorkerContext(index: 0, workerCount: 1, hasFailed: { true }))
    try worker.finish()
    #expect(try fixture.files.names().isEmpty)
  }

  @Test func `given a file of something else when the worker is made then the run ends before its first frame`() throws
  {
    try fixture.files.file("results.db", "hello, I am a text and not a database")
    let error = #expect(throws: PipelineError.self) { _ = try sink() }
    #expect(error?.exit == .dataError && error?.message.contains("results.db") == true, "\(error as Any)")
    #expect(try fixture.files.text("results.db").hasPrefix("hello"))
    #expect(throws: PipelineError.self) { _ = try sink { $0.path = fixture.path + "/results.db" } }
  }

  @Test func `given pictures that nobody asked for when the pipeline is made then frames need not keep theirs`() throws
  {
    #expect(try !sink().stage.interface.needsImage)
    #expect(try sink { $0.pictures = true }.stage.interface.needsImage)
  }

  @Test func `given a frame without a picture when pictures are wanted then its tracks have none`() throws {
    let sink = try sink { $0.pictures = true }
    _ = try sink.process(OutputFrames.frame(0, seconds: 0, [OutputFrames.detection(1)]))
    try sink.finish()
    #expect(try fixture.number("SELECT count(*) FROM tracks") == 1)
    #expect(try fixture.number("SELECT count(*) FROM pictures") == 0)
  }
}

@Suite struct TrackPicturesTests {
  private func due(_ pictures: inout TrackPictures, seconds: Double, _ scores: [Int: Float]) throws -> Int? {
    let found = scores.sorted { $0.key < $1.key }.map { OutputFrames.detection($0.key, score: $0.value) }
    let frame = OutputFrames.frame(0, seconds: seconds, found)
    guard let (key, detection) = pictures.due(frame, where: { _, _ in true }) else { return nil }
    _ = try pictures.render(key, detection, frame)
    return key.track
  }

  @Test func `given scores that rise when asked then a track gets a better picture at most once a second`() throws {
    var pictures = TrackPictures()
    #expect(try due(&pictures, seconds: 0, [1: 0.5]) == 1)
    #expect(try due(&pictures, seconds: 0.5, [1: 0.9]) == nil)
    #expect(try due(&pictures, seconds: 1, [1: 0.54]) == nil)
    #expect(try due(&pictures, seconds: 1, [1: 0.6]) == 1)
    #expect(try due(&pictures, seconds: 9, [1: 0.6]) == nil)
  }

  @Test func `given several tracks in a frame when asked then one is shown and those without a picture go first`()
    throws
  {
    var pictures = TrackPictures()
    #expect(try due(&pictures, seconds: 0, [1: 0.5, 2: 0.6]) == 2)
    #expect(try due(&pictures, seconds: 5, [1: 0.4, 2: 0.9]) == 1)
    #expect(try due(&pictures, seconds: 5, [1: 0.4, 2: 0.9]) == 2)
    pictures.forget(.init(stream: "camera", stage: "objects", track: 2))
    #expect(try due(&pictures, seconds: 5, [2: 0.2]) == 2)
  }
}
