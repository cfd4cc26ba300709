@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("Counts of detections")
struct ScoreTallyTests {
  private func detection(_ score: Float, width: Float = 64, height: Float = 36, label: String = "person") -> Detection {
    SinkFixture.detection(label, x: 0, y: 0, width: width, height: height, score: score)
  }

  @Test("given detections, when counted, then each lies in one bin of each feature, and the whole is sound")
  func bins() {
    var tally = ScoreTally()
    tally.add([detection(0.05), detection(1), detection(0.999), detection(0.5)], width: 640, height: 360)
    tally.add([], width: 640, height: 360)
    #expect(tally.scores == [1, 0, 0, 0, 0, 1, 0, 0, 0, 2])
    #expect(tally.counts == [1, 0, 0, 0, 1, 0, 0, 0])
    #expect(tally.frames == 2 && tally.detections == 4 && tally.labels == ["person": 4] && tally.isSound)
    #expect(tally.meanScore.map { abs($0 - 2.549 / 4) < 1e-6 } == true)
    // A side of a tenth: from 1/8 half an octave down to 0.088 is the sixth bin.
    #expect(ScoreTally.sizeBin(0.01) == 5 && ScoreTally.sizeBin(1) == 11 && ScoreTally.sizeBin(0) == 0)
    #expect(ScoreTally.sizeBin(.nan) == 0 && ScoreTally.sizeBin(-1) == 0 && ScoreTally.sizeBin(.infinity) == 0)
  }

  @Test("given hostile detections and thousands of labels, when counted, then the whole stays bounded and sound")
  func hostile() {
    var tally = ScoreTally()
    for index in 0..<5000 {
      tally.add([detection(Float(index) / 1000 - 2, width: -5, label: "l\(index)")], width: 0, height: 0)
    }
    tally.add([detection(.nan), detection(.infinity), detection(0.5, width: .nan)], width: 10, height: 10)
    #expect(tally.labels.count == ScoreTally.mostLabels + 1 && tally.detections == 5000 && tally.isSound)
    var sum = tally
    sum.add(tally)
    #expect(sum.detections == 10_000 && sum.labels.count == ScoreTally.mostLabels + 1 && sum.isSound)
  }

  @Test("given a window, when time goes on, then it holds its parts and no more, and forgets them after a leap")
  func window() {
    var window = ScoreWindow(seconds: 12)
    for second in 0..<100 {
      let isComplete = window.advance(to: MediaTime(seconds: Double(second)))
      #expect(isComplete == (second > 0))
      #expect(window.isFull == (second >= 12))
      window.add([detection(0.5)], width: 10, height: 10)
    }
    #expect(window.all.frames == 12 && window.recent.frames == 3)
    // A step back keeps what there is: the camera is the same.
    var isComplete = window.advance(to: MediaTime(seconds: 3))
    #expect(!isComplete && window.isFull)
    isComplete = window.advance(to: MediaTime(seconds: 3000))
    #expect(!isComplete && !window.isFull)
    for extreme in [Int64.min, .max, 0] {
      isComplete = window.advance(to: MediaTime(nanoseconds: extreme))
      #expect(!isComplete && !window.isFull)
    }
  }

  @Test("given a baseline, when written and read, then it is the same; one that is damaged is refused with advice")
  func file() throws {
    let folder = try TestData.temporaryFolder("baseline")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/deeper/baseline.json"
    var tally = ScoreTally()
    tally.add([detection(0.5), detection(0.25)], width: 640, height: 360)
    var baselines = ScoreBaselines()
    let isKept = baselines.set(.init(from: 7, tally: tally), for: "door")
    #expect(isKept)
    try baselines.write(to: path)
    #expect(try ScoreBaselines(reading: path) == baselines)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for damaged in [
      "", "{}", String(text.dropLast(9)), text.replacing("\"frames\" : 1", with: "\"frames\" : 2"),
      text.replacing("\"version\" : 1", with: "\"version\" : 2"),
      text.replacing("\"person\" : 2", with: "\"person\" : -2"),
    ] {
      #expect(damaged != text)
      try damaged.write(toFile: path, atomically: true, encoding: .utf8)
      #expect(throws: PipelineError.self) { try ScoreBaselines(reading: path) }
    }
    for index in 0..<400 { _ = baselines.set(.init(from: 7, tally: tally), for: "s\(index)") }
    #expect(baselines.streams.count == ScoreBaselines.mostStreams)
  }
}
