import Foundation
@testable import Pipeline
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite struct TrackByteTests {
  private func person(_ score: Float, x: Float = 100, _ label: String = "person") -> Detection {
    SinkFixture.detection(label, x: x, y: 100, score: score)
  }

  @Test func `given low scores when nothing is tracked then they start no track`() throws {
    let tracker = try TrackFixture(.byteTrack)
    for frame in 0..<10 { #expect(try tracker.ids(frame, [person(0.45), person(0.55, x: 600)]) == [nil, nil]) }
    // 0.55 is assigned with the high ones, and starts nothing below `newTrackScore`.
    #expect(try tracker.ids(10, [person(0.6), person(0.6, x: 600)]) == [nil, nil])
    #expect(try tracker.ids(11, [person(0.6), person(0.5, x: 600)]) == [1, 2])
  }

  @Test func `given a track when its score falls then it goes on, down to the limit`() throws {
    let tracker = try TrackFixture(.byteTrack)
    for (frame, score) in [Float(0.9), 0.9, 0.4, 0.2, 0.1].enumerated() {
      #expect(try tracker.ids(frame, [person(score)]) == [frame == 0 ? nil : 1])
    }
    #expect(try tracker.ids(5, [person(0.09)]) == [nil])
  }

  @Test func `given a lost track when a low score lies there then only a high one brings it back`() throws {
    let tracker = try TrackFixture(.byteTrack)
    for frame in 0..<5 { _ = try tracker.ids(frame, [person(0.9)]) }
    #expect(try tracker.ids(5, []) == [])
    #expect(try tracker.ids(6, [person(0.4)]) == [nil])
    #expect(try tracker.ids(7, [person(0.9)]) == [1])
  }

  @Test func `given a high and a low detection of a thing when tracked then the high one has the number`() throws {
    let tracker = try TrackFixture(.byteTrack)
    for frame in 0..<3 { _ = try tracker.ids(frame, [person(0.9)]) }
    #expect(try tracker.ids(3, [person(0.3), person(0.8, x: 110)]) == [nil, 1])
  }

  @Test func `given a lost track when its time is over then a new number is given`() throws {
    for (gap, id) in [(29, 1), (32, 2)] {
      let tracker = try TrackFixture(.byteTrack)
      for frame in 0..<5 { _ = try tracker.ids(frame, [person(0.9)]) }
      for frame in 5..<5 + gap { _ = try tracker.ids(frame, []) }
      _ = try tracker.ids(5 + gap, [person(0.9)])
      #expect(try tracker.ids(6 + gap, [person(0.9)]) == [id])
    }
  }

  @Test func `given labels in one place when tracked then neither round mixes them`() throws {
    let tracker = try TrackFixture(.byteTrack)
    for frame in 0..<3 { _ = try tracker.ids(frame, [person(0.9), person(0.9, "car")]) }
    #expect(try tracker.ids(3, [person(0.9, "car"), person(0.9)]) == [2, 1])
    #expect(try tracker.ids(4, [person(0.3, "car"), person(0.9)]) == [2, 1])
    // The person is gone; a second car in its place is no person.
    #expect(try tracker.ids(5, [person(0.9, "car"), person(0.3, x: 102, "car")]) == [2, nil])
  }

  @Test func `given streams, a step back and a new size when tracked then numbers are as with track-sort`() throws {
    let tracker = try TrackFixture(.byteTrack)
    for frame in 0..<3 {
      let expected: [Int?] = [frame == 0 ? nil : 1]
      #expect(try tracker.ids(frame, [person(0.9)], seconds: 5 + Double(frame) / 30, stream: "a") == expected)
      #expect(try tracker.ids(frame, [person(0.9)], seconds: Double(frame) / 30, stream: "b") == expected)
    }
    #expect(try tracker.ids(3, [person(0.9)], seconds: 0, stream: "a") == [nil])
    #expect(try tracker.ids(4, [person(0.9)], seconds: 0.03, stream: "a") == [2])
    #expect(try tracker.ids(5, [person(0.9)], seconds: 0.06, stream: "a", width: 640) == [nil])
    #expect(try tracker.ids(6, [person(0.9)], seconds: 0.09, stream: "a", width: 640) == [3])
    #expect(try tracker.ids(7, [person(0.9)], seconds: 10, stream: "a", width: 640) == [nil])
    #expect(try tracker.ids(3, [person(0.9)], seconds: 0.1, stream: "b") == [1])
  }

  @Test func `given onlyTracked when tracked then what has no number is taken out and the rest stays`() throws {
    var configuration = ByteTrackStage.Configuration()
    configuration.onlyTracked = true
    let tracker = try TrackFixture(configuration)
    let face = SinkFixture.detection("face", x: 900, y: 10, score: 0.2)
    #expect(try tracker.track(0, [person(0.9), person(0.3, x: 600), face]).detections.map(\.label) == ["face"])
    let second = try tracker.track(1, [person(0.3, x: 600), person(0.9), face]).detections
    #expect(second.map(\.label) == ["person", "face"] && second.map(\.track) == [1, nil])
  }

  @Test func `given boxes and scores that are none when tracked then nothing breaks and they get no number`() throws {
    let tracker = try TrackFixture(.byteTrack)
    let odd = [
      SinkFixture.detection(x: .nan, y: 0), SinkFixture.detection(x: 0, y: 0, width: 0, height: 0),
      SinkFixture.detection(x: .infinity, y: 0), person(.nan, x: 600), person(.infinity, x: 300), person(0.9),
      SinkFixture.detection(x: 0, y: 0, width: 1e30, height: 1e30), SinkFixture.detection(x: 0, y: 0, height: 1e-30),
    ]
    for frame in 0..<5 {
      let found = try tracker.ids(frame, odd)
      #expect(found[..<5].allSatisfy { $0 == nil } && (found[5] != nil) == (frame > 0))
      _ = try tracker.track(frame, nil, seconds: (Double(frame) + 0.5) / 30)
    }
  }

  @Test func `given a configuration when read then absent keys have the documented defaults`() throws {
    let decoder = JSONDecoder()
    func options(_ json: String) throws -> ByteTrackStage.Configuration {
      try decoder.decode(ByteTrackStage.Configuration.self, from: Data(json.utf8))
    }
    #expect(try options("{}").trackerOptions == ByteTracker.Options())
    let all = try options(
      """
      { "maxGapS": 2, "minHits": 4, "lowScore": 0.2, "highScore": 0.7, "newTrackScore": 0.8, "matchHigh": 0.3,
        "matchLow": 0.6, "matchNew": 0.4, "onlyTracked": true, "labels": ["car"], "stages": ["objects"] }
      """)
    #expect(
      all.trackerOptions
        == ByteTracker.Options(
          maxGapSeconds: 2, minHits: 4, lowScore: 0.2, highScore: 0.7, newTrackScore: 0.8, matchHigh: 0.3,
          matchLow: 0.6, matchNew: 0.4))
    #expect(all.onlyTracked && all.labels == ["car"] && all.stages == ["objects"])
    // The schema's defaults are the same numbers.
    let documented = ByteTrackStage.Configuration.schema.properties.compactMap { property in
      property.defaultJSON.map { "\"\(property.name)\": \($0)" }
    }
    #expect(try options("{ \(documented.joined(separator: ", ")) }").trackerOptions == ByteTracker.Options())
    #expect(documented.count == 9)
  }

  @Test func `given a low limit above the high one when made then the error names both`() throws {
    var configuration = ByteTrackStage.Configuration()
    configuration.lowScore = 0.7
    let error = #expect(throws: PipelineError.self) {
      try ByteTrackStage(configuration, context: SinkFixture.context("tracks"))
    }
    #expect(error?.exit == .config)
    #expect(error?.message.contains("0.7") == true && error?.message.contains("0.5") == true)
  }
}
