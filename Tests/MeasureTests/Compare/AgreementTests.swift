import Foundation
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite("Agreement of two sides")
struct AgreementTests {
  private func box(_ label: String, _ x: Float, _ y: Float, _ width: Float = 10, _ height: Float = 10) -> Detection {
    Detection(label: label, classIndex: 0, score: 0.9, box: Box(x: x, y: y, width: width, height: height))
  }

  @Test("given the same boxes, when matched, then all agree with an IoU of 1")
  func same() {
    let boxes = [box("car", 0, 0), box("car", 5, 0), box("person", 0, 0)]
    var agreement = Agreement()
    agreement.add(a: boxes, b: boxes.reversed())
    #expect((agreement.precision, agreement.recall, agreement.f1, agreement.meanIoU) == (1, 1, 1, 1))
  }

  @Test("given boxes counted by hand, when matched over two frames, then precision, recall, F1 and mean IoU are theirs")
  func byHand() {
    var agreement = Agreement()
    // Moved by 2 of 10: 80 / 120 = 2/3 agrees. Moved by 4: 60 / 140 does not. Another label does not.
    agreement.add(
      a: [box("car", 0, 0), box("car", 100, 0), box("dog", 200, 0)],
      b: [box("car", 2, 0), box("car", 104, 0), box("cat", 200, 0)])
    // Half of the box: exactly 0.5 agrees.
    agreement.add(a: [box("car", 0, 0)], b: [box("car", 0, 0, 10, 5), box("car", 50, 0)])
    #expect(agreement.matched == 2)
    #expect(agreement.found == Both(a: 4, b: 5))
    #expect(agreement.precision == 2.0 / 5)
    #expect(agreement.recall == 2.0 / 4)
    #expect(agreement.f1 == 4.0 / 9)
    #expect(abs((agreement.meanIoU ?? 0) - (2.0 / 3 + 0.5) / 2) < 1e-6)
  }

  @Test("given two boxes of B on one of A, when matched, then the nearer one has it and the other one is alone")
  func oneEach() {
    var agreement = Agreement()
    agreement.add(a: [box("car", 0, 0)], b: [box("car", 2, 0), box("car", 1, 0)])
    #expect(agreement.matched == 1)
    // Moved by 1 of 10: 90 / 110.
    #expect(abs((agreement.meanIoU ?? 0) - 9.0 / 11) < 1e-6)
  }

  @Test("given the sides exchanged, when matched, then precision and recall are exchanged")
  func symmetric() {
    let a = [box("car", 0, 0), box("car", 3, 0), box("car", 6, 0)], b = [box("car", 2, 0), box("car", 5, 0)]
    var one = Agreement(), other = Agreement()
    one.add(a: a, b: b)
    other.add(a: b, b: a)
    #expect(one.precision == other.recall)
    #expect(one.recall == other.precision)
    #expect(one.f1 == other.f1)
    #expect(one.meanIoU == other.meanIoU)
  }

  @Test("given nothing found, when asked, then nothing is said instead of a perfect or a failed agreement")
  func nothing() {
    var agreement = Agreement()
    agreement.add(a: [], b: [])
    #expect(agreement.f1 == nil)
    #expect(agreement.meanIoU == nil)
    agreement.add(a: [box("car", 0, 0)], b: [])
    #expect(agreement.f1 == 0)
    #expect(agreement.precision == nil)
    #expect(agreement.recall == 0)
  }

  // MARK: - Lines

  private func line(_ stream: String, _ frame: Int, _ source: String, _ found: String = "") -> String {
    #"{"type":"frame","v":1,"stream":"\#(stream)","frame":\#(frame),"source":"\#(source)","detections":[\#(found)]}"#
  }

  private func found(_ label: String, score: Double, stage: String) -> String {
    #"{"label":"\#(label)","class":1,"score":\#(score),"box":{"x":1,"y":2,"width":3,"height":4},"stage":"\#(stage)"}"#
  }

  private func frames(_ files: [[String]]) throws -> RecordedFrames {
    try RecordedFrames(files: files.map { Data(($0.joined(separator: "\n") + "\n").utf8) })
  }

  @Test("given a stage whose results reach two sinks, when read, then they count once, and other lines do not count")
  func sinks() throws {
    let objects = found("car", score: 0.9, stage: "objects"), faces = found("face", score: 0.8, stage: "faces")
    let frames = try frames([
      [line("in", 0, "a.mp4", objects), line("in", 1, "a.mp4")],
      [line("in", 0, "a.mp4", objects + "," + faces), #"{"type":"event","v":1,"kind":"zone.enter"}"#],
    ])
    #expect(frames.frames.count == 2)
    let first = RecordedFrames.Key(source: "a.mp4", number: 0, stream: 0)
    #expect(frames.detections(first).map(\.label) == ["face", "car"])
    #expect(frames.detections(first).first?.box == Box(x: 1, y: 2, width: 3, height: 4))
    #expect(frames.sources == ["a.mp4"])
  }

  @Test("given streams of other names, when compared, then frames of the same input are the same frames")
  func streamNames() throws {
    let car = found("car", score: 0.9, stage: "x"), dog = found("dog", score: 0.9, stage: "x")
    let a = try frames([[line("camera", 0, "a.mp4", car), line("camera", 1, "a.mp4", dog)]])
    let b = try frames([[line("in", 1, "a.mp4", dog), line("in", 0, "a.mp4", car)]])
    #expect(Agreement(Both(a: a, b: b)).f1 == 1)
    // Two streams of one input stay apart.
    let twice = try frames([[line("l", 0, "a.mp4", car), line("r", 0, "a.mp4", dog)]])
    #expect(twice.frames.count == 2)
  }

  @Test("given results with a low limit, when limited, then only what scores above its stage's limit stays")
  func scores() throws {
    let all = [("a", 0.9), ("b", 0.5), ("c", 0.2)].map { found($0.0, score: $0.1, stage: "x") }
    let other = found("d", score: 0.1, stage: "y")
    let frames = try frames([[line("in", 0, "p.jpg", (all + [other]).joined(separator: ","))]]).above(scores: ["x": 0.5]
    )
    #expect(frames.detections(.init(source: "p.jpg", number: 0, stream: 0)).map(\.label) == ["a", "d"])
  }

  @Test("given a line that is not ours, when read, then it is refused")
  func foreign() {
    #expect(throws: PipelineError.self) { try RecordedFrames(files: [Data("no\n".utf8)]) }
  }
}
