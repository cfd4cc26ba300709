import EdgepipeCore
import EdgepipeOutputs
import Foundation
import Pipeline
import PipelineTestSupport
import Stages
import Testing

@Suite struct TrackSummariesTests {
  private func add(
    _ summaries: inout TrackSummaries, _ frame: Int, stream: String = "camera", seconds: Double, cut: Int = 0,
    wall: Double? = nil, _ detections: [Detection]
  ) -> [TrackSummary] {
    summaries.add(
      OutputFrames.frame(frame, stream: stream, seconds: seconds, cut: cut, wallSeconds: wall, detections))
  }

  @Test func `given a track when it is not seen for long then it has ended with all that was known of it`() throws {
    var summaries = TrackSummaries()
    for frame in 0..<50 {
      let score: Float = frame == 20 ? 0.95 : 0.5
      let box = Box(x: Float(frame) * 10, y: 100, width: 40, height: 80)
      let found = OutputFrames.detection(7, score: score, box: box)
      #expect(add(&summaries, frame, seconds: Double(frame) / 10, [found]).isEmpty)
    }
    #expect(add(&summaries, 50, seconds: 14.8, []).isEmpty)
    let ended = add(&summaries, 51, seconds: 16, [])
    let track = try #require(ended.first)
    #expect(ended.count == 1 && summaries.count == 0)
    #expect(track.key == .init(stream: "camera", stage: "objects", track: 7))
    #expect(track.first.frame == 0 && track.last.frame == 49 && track.frames == 50)
    #expect(track.best.frame == 20 && track.best.score == 0.95 && track.best.box.x == 200)
    #expect(abs(track.score - (49 * 0.5 + 0.95) / 50) < 1e-6)
    #expect(track.path.simplified.map(\.x) == [20, 510] && track.path.simplified.map(\.y) == [180, 180])
  }

  @Test func `given boxes that a tracker expects when summed up then they are seen but never the best`() throws {
    var summaries = TrackSummaries()
    var expected = OutputFrames.detection(1, score: 0.99)
    expected.isPredicted = true
    _ = add(&summaries, 0, seconds: 0, [OutputFrames.detection(1, score: 0.4)])
    _ = add(&summaries, 1, seconds: 1, [expected])
    let track = try #require(summaries.endAll().first)
    #expect(track.last.frame == 1 && track.frames == 2 && track.best.frame == 0 && abs(track.score - 0.4) < 1e-6)
  }

  @Test func `given a stream that breaks or whose time steps back when frames come then its tracks have ended`() {
    var summaries = TrackSummaries()
    _ = add(&summaries, 0, seconds: 5, [OutputFrames.detection(1)])
    #expect(add(&summaries, 1, seconds: 6, cut: 1, [OutputFrames.detection(2)]).map(\.key.track) == [1])
    #expect(add(&summaries, 2, seconds: 1, cut: 1, [OutputFrames.detection(3)]).map(\.key.track) == [2])
    #expect(summaries.end(stream: "camera").map(\.key.track) == [3])
    #expect(summaries.end(stream: "camera").isEmpty && summaries.count == 0)
  }

  @Test func `given a track that comes back late when seen then it begins anew`() {
    var summaries = TrackSummaries()
    _ = add(&summaries, 0, seconds: 0, [OutputFrames.detection(1)])
    // Found gone and seen again in the same frame.
    #expect(add(&summaries, 1, seconds: 30, [OutputFrames.detection(1)]).map(\.first.frame) == [0])
    #expect(summaries.endAll().map(\.first.frame) == [1])
  }

  @Test func `given too many open tracks when more come then those end that were not seen for longest`() {
    var limits = TrackSummaries.Limits()
    (limits.open, limits.goneS) = (100, 1e6)
    var summaries = TrackSummaries(limits: limits)
    var ended: [Int] = []
    for track in 0..<1000 {
      // The first one is seen all the time.
      let detections = [OutputFrames.detection(track), OutputFrames.detection(0)]
      ended += add(&summaries, track, seconds: Double(track), wall: Double(track) / 100, detections).map(\.key.track)
      #expect(summaries.count <= 100)
    }
    #expect(!ended.contains(0) && ended == ended.sorted() && ended.count + summaries.count == 1000)
  }

  @Test func `given streams that come and go when others go on then nothing is left of them`() {
    var summaries = TrackSummaries()
    var ended = 0
    for stream in 0..<200 {
      ended +=
        add(&summaries, 0, stream: "s\(stream)", seconds: 0, wall: Double(stream) * 30, [OutputFrames.detection(1)])
        .count
      #expect(summaries.count < 5)
    }
    #expect(ended + summaries.endAll().count == 200)
  }

  @Test func `given open tracks when asked for changes then each change is told once`() {
    var summaries = TrackSummaries()
    _ = add(&summaries, 0, seconds: 0, [OutputFrames.detection(1), OutputFrames.detection(2)])
    #expect(summaries.takeChanged().map(\.key.track) == [1, 2])
    _ = add(&summaries, 1, seconds: 1, [OutputFrames.detection(2)])
    #expect(summaries.takeChanged().map(\.key.track) == [2])
    #expect(summaries.takeChanged().isEmpty)
  }

  @Test func `given detections that are not wanted when added then they have no track`() {
    var summaries = TrackSummaries()
    let frame = OutputFrames.frame(0, seconds: 0, [OutputFrames.detection(1), OutputFrames.detection(2, label: "car")])
    _ = summaries.add(frame) { _, detection in detection.label == "car" }
    #expect(summaries.endAll().map(\.key.track) == [2])
  }

  @Test func `given a summary when written then its line is JSON with all its keys`() throws {
    var summaries = TrackSummaries()
    _ = add(&summaries, 3, seconds: 0.12, [OutputFrames.detection(4, label: "a \"b\"", score: 0.75)])
    _ = add(&summaries, 4, seconds: 0.16, [OutputFrames.detection(4, label: "a \"b\"", score: 0.25)])
    let track = try #require(summaries.endAll().first)
    var line = JSONLineBuffer()
    line.trackLine(track, id: "run/camera/objects/4")
    #expect(
      String(decoding: line.bytes, as: UTF8.self) == #"""
        {"type":"track","v":1,"id":"run/camera/objects/4","stream":"camera","stage":"objects","track":4,"label":"a \"b\"","first_pts_s":0.12,"last_pts_s":0.16,"first_at":"2026-01-01T00:00:00.120Z","last_at":"2026-01-01T00:00:00.160Z","frames":2,"score":0.5,"path":[[0.12,50.0,120.0],[0.16,50.0,120.0]],"best":{"frame":3,"pts_s":0.12,"score":0.75,"box":{"x":30.0,"y":40.0,"width":40.0,"height":80.0}}}

        """#)
    if ResultSchema.isAvailable { #expect(try ResultSchema.problems(in: Data(line.bytes)) == []) }
  }
}
