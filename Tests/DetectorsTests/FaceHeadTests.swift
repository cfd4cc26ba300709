import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore

/// Decoding of numbers chosen so that the result can be computed by hand; 1e-3 allows for float32's rounding.
@Suite struct FaceHeadTests {
  private func expect(_ candidates: Candidates, box: [Float], score: Float, firstLandmark: Point) throws {
    try #require(candidates.list.count == 1)
    let found = candidates.list[0]
    for (a, b) in zip([found.x1, found.y1, found.x2, found.y2], box) { #expect(abs(a - b) < 1e-3, "\(a), not \(b)") }
    #expect(abs(found.score - score) < 1e-5)
    #expect(abs(found.landmarks[0].x - firstLandmark.x) < 1e-3)
    #expect(abs(found.landmarks[0].y - firstLandmark.y) < 1e-3)
  }

  @Test func givenARetinaFacePriorWhenDecodedThenOffsetsAreTenthsOfItsSize() throws {
    // 32x32 has 16 x 2 priors of stride 8, then 4 x 2 of stride 16: prior 37 is row 1, column 0, size 64, at (8, 24).
    var boxes = SyntheticOutput([1, 42, 4]), scores = SyntheticOutput([1, 42, 2])
    var landmarks = SyntheticOutput([1, 42, 10])
    for (column, value) in [1, -1, 5 * 0.6931472, 0].enumerated() { boxes[0, 37, column] = Float(value) }
    scores[0, 37, 1] = 0.9
    (landmarks[0, 37, 0], landmarks[0, 37, 1]) = (0.5, 0.5)
    let found = try decode(RetinaFaceHead(), [boxes, scores, landmarks])
    try expect(
      found, box: [14.4 - 64, 17.6 - 32, 14.4 + 64, 17.6 + 32], score: 0.9, firstLandmark: Point(x: 11.2, y: 27.2))
  }

  @Test func givenAnInputThatIsNoMultipleOf32WhenRetinaFaceDecodesThenMapsAreRoundedUp() throws {
    // 40x33: 5 x 5, 3 x 3 and 2 x 2 cells with two priors each.
    let outputs = [4, 2, 10].map { SyntheticOutput([1, 2 * (25 + 9 + 4), $0]) }
    #expect(try decode(RetinaFaceHead(), outputs, width: 40, height: 33).list.isEmpty)
  }

  @Test func givenAYuNetCellWhenDecodedThenScoreIsTheRootOfTheProduct() throws {
    var outputs: [SyntheticOutput] = []
    for count in [16, 4, 1] { for last in [1, 1, 4, 10] { outputs.append(SyntheticOutput([1, count, last])) } }
    // Cell 6 of stride 8 is column 2, row 1.
    (outputs[0][0, 6, 0], outputs[1][0, 6, 0]) = (0.81, 0.64)
    for (column, value) in [0.5, 0.25, log(2), log(4)].enumerated() { outputs[2][0, 6, column] = Float(value) }
    (outputs[3][0, 6, 0], outputs[3][0, 6, 1]) = (1, 2)
    let found = try decode(YuNetHead(), outputs)
    try expect(found, box: [12, -6, 28, 26], score: 0.72, firstLandmark: Point(x: 24, y: 24))
  }

  @Test func givenACenterFaceCellWhenDecodedThenVerticalComesFirstInEveryMap() throws {
    var outputs = [1, 2, 2, 10].map { SyntheticOutput([1, $0, 8, 8]) }
    outputs[0][0, 0, 3, 5] = 0.9
    (outputs[1][0, 0, 3, 5], outputs[1][0, 1, 3, 5]) = (log(5), log(4))
    (outputs[2][0, 0, 3, 5], outputs[2][0, 1, 3, 5]) = (0.25, 0.5)
    (outputs[3][0, 0, 3, 5], outputs[3][0, 1, 3, 5]) = (0.5, 0.25)
    let found = try decode(CenterFaceHead(), outputs)
    try expect(found, box: [16, 5, 32, 25], score: 0.9, firstLandmark: Point(x: 20, y: 15))
  }

  @Test func givenOutputsOfAnotherShapeWhenDecodedThenAnErrorIsThrown() {
    let heads: [any Head] = [RetinaFaceHead(), YuNetHead(), CenterFaceHead()]
    for head in heads {
      let error = #expect(throws: PipelineError.self) { try decode(head, [SyntheticOutput([1, 8400, 85])]) }
      #expect(error?.exit == .dataError)
    }
  }

  /// Row of faults: whatever numbers a model gives, boxes are finite and inside the picture.
  @Test(arguments: 0..<24) func givenWildOutputsWhenDetectedThenBoxesAreFiniteAndInside(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let special: [Float] = [
      .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -0.0, 88, -88, .leastNonzeroMagnitude,
    ]
    func wild(_ shape: [Int]) -> SyntheticOutput {
      var output = SyntheticOutput(shape)
      for index in output.values.indices {
        output.values[index] =
          Int.random(in: 0..<4, using: &random) == 0
          ? special[Int.random(in: 0..<special.count, using: &random)] : Float.random(in: -3...3, using: &random)
      }
      return output
    }
    // With the places of the scores: those of a model that is read rightly lie in 0...1, whatever else is wild.
    let cases: [(manifest: ModelManifest, outputs: [SyntheticOutput], isScore: (_ output: Int, _ place: Int) -> Bool)] =
      [
        (.test(.yolox, classes: ["a", "b"]), [wild([1, 21, 7])], { $1 % 7 >= 4 }),
        (
          .test(.yolov3, classes: ["a", "b"], anchors: [.init(stride: 16, anchors: [[10, 20], [30, 40]])]),
          [wild([1, 14, 2, 2])], { _, _ in false }
        ),
        (.test(.yolov8, classes: ["a", "b"]), [wild([1, 6, 21])], { $1 / 21 >= 4 }),
        (.test(.yolov8, classes: ["a", "b"]), [wild([1, 66, 21])], { $1 / 21 >= 64 }),
        (.test(.retinaface), [wild([1, 42, 4]), wild([1, 42, 2]), wild([1, 42, 10])], { output, _ in output == 1 }),
        (
          .test(.yunet), [16, 4, 1].flatMap { count in [1, 1, 4, 10].map { wild([1, count, $0]) } },
          { output, _ in output % 4 < 2 }
        ),
        (.test(.centerface), [1, 2, 2, 10].map { wild([1, $0, 8, 8]) }, { output, _ in output == 0 }),
      ]
    func found(_ manifest: ModelManifest, _ outputs: [SyntheticOutput]) throws -> (Detector, [Detection]) {
      let detector = try Detector(
        session: SyntheticSession(outputs), manifest: manifest, options: DetectorOptions(score: 0.3))
      let detections = try detector.detect(identityInput(width: 32, height: 32, format: manifest.input))
      for detection in detections {
        let box = detection.box
        #expect(box.isFinite && detection.score > 0.3 && detection.score <= 1 && box.width > 0 && box.height > 0)
        #expect(box.x >= 0 && box.y >= 0 && box.maxX <= 32.001 && box.maxY <= 32.001, "\(manifest.head): \(box)")
        #expect(detection.landmarks.allSatisfy { $0.x.isFinite && $0.y.isFinite })
      }
      return (detector, detections)
    }
    var counted = 0
    for (manifest, outputs, isScore) in cases {
      do { _ = try found(manifest, outputs) } catch let error as PipelineError {
        // Numbers that are no scores: the model is not what its manifest says.
        #expect(error.exit == .dataError && error.message.contains("outside of 0...1"), "\(manifest.head): \(error)")
      }
      var scored = outputs
      for output in scored.indices {
        for place in scored[output].values.indices where isScore(output, place) && scored[output].values[place].isFinite
        {
          scored[output].values[place] = min(max(scored[output].values[place], 0), 1)
        }
      }
      counted += try found(manifest, scored).0.nonFinite
    }
    // Summed, because a small map may hold no NaN in a place that matters.
    #expect(counted > 0)
  }
}
