import Foundation
import Testing

@testable import Detectors
@testable import EdgepipeCore

/// Decoding of numbers chosen so that the result can be computed by hand; 1e-3 allows for float32's rounding.
@Suite struct ObjectHeadTests {
  private func expect(_ candidate: Candidate, _ box: [Float], _ score: Float, _ classIndex: Int32) {
    let found = [candidate.x1, candidate.y1, candidate.x2, candidate.y2]
    for (a, b) in zip(found, box) { #expect(abs(a - b) < 1e-3, "\(found) instead of \(box)") }
    #expect(abs(candidate.score - score) < 1e-5)
    #expect(candidate.classIndex == classIndex)
  }

  /// 32x32 has 16 + 4 + 1 cells; row 18 is stride 16, column 0, row 1.
  private var yolox: SyntheticOutput {
    var output = SyntheticOutput([1, 21, 7])
    for (index, value) in [0.5, -0.25, log(2), log(3), 0.8, 0.9, 0.1].enumerated() {
      output[0, 18, index] = Float(value)
    }
    return output
  }

  @Test func givenOneYOLOXCellWhenDecodedThenBoxIsCentreAndExpOfSizeTimesStride() throws {
    let found = try decode(YOLOXHead(classCount: 2), [yolox], classCount: 2)
    try #require(found.list.count == 1)
    expect(found.list[0], [8 - 16, 12 - 24, 8 + 16, 12 + 24], 0.72, 0)
  }

  @Test func givenTwoClassesAboveTheThresholdWhenDecodedThenEachGivesACandidate() throws {
    let found = try decode(YOLOXHead(classCount: 2), [yolox], threshold: 0.05, classCount: 2)
    #expect(found.list.map(\.classIndex) == [0, 1])
    let filtered = try decode(YOLOXHead(classCount: 2), [yolox], threshold: 0.05, classCount: 2, wanted: [1])
    #expect(filtered.list.map(\.classIndex) == [1])
  }

  @Test func givenAScoreEqualToTheThresholdWhenDecodedThenItIsLeftOut() throws {
    var output = SyntheticOutput([1, 21, 6])
    output[0, 0, 4] = 1
    output[0, 0, 5] = 0.5
    #expect(try decode(YOLOXHead(classCount: 1), [output], threshold: 0.5).list.isEmpty)
    #expect(try decode(YOLOXHead(classCount: 1), [output], threshold: 0.499).list.count == 1)
  }

  /// Rows that are decoded inside the model: YOLOv5's three boxes a cell, and YOLOX's one.
  @Test(arguments: [ModelManifest.Head.yolov5, .yolox])
  func givenDecodedRowsWhenDecodedThenBoxIsCentreAndSizeInPixels(kind: ModelManifest.Head) throws {
    var output = SyntheticOutput([1, 63, 7])
    for (index, value) in [16, 12, 8, 6, 0.8, 0.1, 0.9].enumerated() { output[0, 40, index] = Float(value) }
    let head = ObjectnessHead(kind, classCount: 2)
    let found = try decode(head, [output], classCount: 2)
    try #require(found.list.count == 1)
    expect(found.list[0], [12, 9, 20, 15], 0.72, 1)
    #expect(try decode(head, [output], classCount: 2, wanted: [0]).list.isEmpty)
    // Early exports put the undecoded maps beside it, in any place.
    let maps = [
      SyntheticOutput([1, 3, 4, 4, 7]), SyntheticOutput([1, 3, 2, 2, 7]), SyntheticOutput([1, 3, 1, 1, 7]),
    ]
    #expect(try decode(head, maps + [output], classCount: 2).list.count == 1)
    #expect(throws: PipelineError.self) { try decode(ObjectnessHead(kind, classCount: 3), [output], classCount: 3) }
  }

  @Test func givenYOLOv8WithTheClassesLastWhenDecodedThenItIsThePlainFormTransposed() throws {
    var plain = SyntheticOutput([1, 14, 21]), last = SyntheticOutput([1, 21, 14])
    for (index, value) in [16, 12, 8, 6].enumerated() {
      plain[0, index, 5] = Float(value)
      last[0, 5, index] = Float(value)
    }
    for (index, value) in [(2, 0.9), (9, 0.5)] {
      plain[0, 4 + index, 5] = Float(value)
      last[0, 5, 4 + index] = Float(value)
    }
    for wanted in [nil, [9], [2, 3]] as [[Int]?] {
      let expected = try decode(YOLOv8Head(classCount: 10, form: .plain), [plain], classCount: 10, wanted: wanted)
      let found = try decode(YOLOv8Head(classCount: 10, form: .classesLast), [last], classCount: 10, wanted: wanted)
      #expect(found.list.map(\.classIndex) == expected.list.map(\.classIndex))
      #expect(found.list.map(\.x1) == expected.list.map(\.x1) && found.list.map(\.score) == expected.list.map(\.score))
      // A model that declares no shape shows its form with each output.
      #expect(
        try decode(YOLOv8Head(classCount: 10, form: nil), [last], classCount: 10, wanted: wanted).list.count
          == found.list.count)
      #expect(
        try decode(YOLOv8Head(classCount: 10, form: nil), [plain], classCount: 10, wanted: wanted).list.count
          == found.list.count)
    }
  }

  /// Half precision and integers may miss 1 by a step; keypoints and logits miss it by far.
  @Test(arguments: [(Float(1.004), true), (1.5, false), (326, false)])
  func givenAScoreBeyondOneWhenDetectedThenItIsCutOrTheModelIsRefused(score: Float, isCut: Bool) throws {
    var output = SyntheticOutput([1, 300, 6])
    for (index, value) in [4, 4, 20, 20, score, 0].enumerated() { output[0, 0, index] = value }
    var manifest = ModelManifest.test(.yolov8, classes: ["a"])
    manifest.form = .endToEnd
    let detector = try Detector(session: SyntheticSession([output]), manifest: manifest, options: DetectorOptions())
    let request = InputRequest(format: manifest.input, shape: .square, nominalSize: 32)
    let input = ModelInput(
      tensor: Tensor(shape: [1, 3, 32, 32], pool: BufferPool()),
      geometry: LetterboxGeometry(sourceWidth: 32, sourceHeight: 32, request: request))
    if isCut {
      #expect(try detector.detect(input).map(\.score) == [1])
    } else {
      let error = #expect(throws: PipelineError.self) { try detector.detect(input) }
      #expect(error?.exit == .dataError && error?.message.contains("0...1") == true)
    }
  }

  @Test func givenAYOLOv3MapWhenDecodedThenAnchorsScaleTheSize() throws {
    let head = try YOLOv3Head(classCount: 1, maps: [.init(stride: 16, anchors: [[10, 20], [30, 40]])])
    var map = SyntheticOutput([1, 12, 2, 3])
    for anchor in 0..<2 { for row in 0..<2 { for column in 0..<3 { map[0, anchor * 6 + 4, row, column] = -10 } } }
    map[0, 6 + 2, 1, 2] = log(2)
    map[0, 6 + 4, 1, 2] = 2
    map[0, 6 + 5, 1, 2] = 1
    let found = try decode(head, [map], width: 48, height: 32)
    try #require(found.list.count == 1)
    // Centre ((0.5 + 2) 16, (0.5 + 1) 16), size (2 x 30, 40); 0.8807971 and 0.7310586 are the sigmoids of 2 and 1.
    expect(found.list[0], [10, 4, 70, 44], 0.8807971 * 0.7310586, 0)
  }

  @Test func givenYOLOv3MapsInAnyOrderWhenDecodedThenEachFindsItsStride() throws {
    let head = try YOLOv3Head(classCount: 80, maps: ModelManifest.AnchorMap.yolov3Tiny)
    var coarse = SyntheticOutput([1, 255, 2, 2], fill: -9), fine = SyntheticOutput([1, 255, 4, 4], fill: -9)
    for channel in 0..<4 { (coarse[0, channel, 1, 0], fine[0, channel, 3, 2]) = (0, 0) }
    for channel in [4, 5 + 7] { (coarse[0, channel, 1, 0], fine[0, channel, 3, 2]) = (4, 4) }
    let found = try decode(head, [fine, coarse], width: 64, height: 64, classCount: 80)
    try #require(found.list.count == 2)
    let score = Float(1 / (1 + exp(-4.0))) * Float(1 / (1 + exp(-4.0)))
    expect(found.list[0], [16 - 40.5, 48 - 41, 16 + 40.5, 48 + 41], score, 7)
    expect(found.list[1], [40 - 11.5, 56 - 13.5, 40 + 11.5, 56 + 13.5], score, 7)
  }

  @Test func givenPlainYOLOv8WhenDecodedThenChannelsAreCentreSizeAndScores() throws {
    // 21 anchors: two blocks of eight and a rest, so that the scan's both loops are used.
    var output = SyntheticOutput([1, 7, 21])
    for (anchor, classIndex) in [(9, 1), (20, 2)] {
      for (channel, value) in [10, 12, 4, 6].enumerated() { output[0, channel, anchor] = Float(value) }
      output[0, 4 + classIndex, anchor] = 0.6
    }
    let found = try decode(YOLOv8Head(classCount: 3, form: .plain), [output], classCount: 3)
    try #require(found.list.count == 2)
    expect(found.list[0], [8, 9, 12, 15], 0.6, 1)
    expect(found.list[1], [8, 9, 12, 15], 0.6, 2)
  }

  @Test func givenRawYOLOv8WhenDecodedThenDistancesAreMeansOfTheBins() throws {
    var output = SyntheticOutput([1, 65, 21])
    for anchor in 0..<21 { output[0, 64, anchor] = -20 }
    // Anchor 20 is the one cell of stride 32, its centre at (16, 16). One bin far above the rest is the mean; two equal
    // ones share it.
    for channel in [0 + 2, 16 + 0, 16 + 1, 32 + 1, 48 + 3] { output[0, channel, 20] = 50 }
    output[0, 64, 20] = 0
    let found = try decode(YOLOv8Head(classCount: 1, form: .distribution), [output])
    try #require(found.list.count == 1)
    expect(found.list[0], [16 - 64, 16 - 16, 16 + 32, 16 + 96], 0.5, 0)
  }

  @Test func givenEndToEndRowsWhenDecodedThenBoxesAreTakenAsTheyAre() throws {
    var output = SyntheticOutput([1, 300, 6])
    for (column, value) in [1, 2, 11, 22, 0.9, 4].enumerated() { output[0, 7, column] = Float(value) }
    let head = YOLOv8Head(classCount: 5, form: .endToEnd)
    let found = try decode(head, [output], classCount: 5)
    try #require(found.list.count == 1)
    expect(found.list[0], [1, 2, 11, 22], 0.9, 4)
    #expect(!head.needsSuppression)
    #expect(throws: PipelineError.self) { try decode(YOLOv8Head(classCount: 3, form: .endToEnd), [output]) }
  }

  @Test func givenYOLOv8ShapesWhenAskedForTheFormThenChannelsDecide() {
    #expect(YOLOv8Head.form(of: [1, 84, 8400], classCount: 80) == .plain)
    #expect(YOLOv8Head.form(of: [1, 144, nil], classCount: 80) == .distribution)
    #expect(YOLOv8Head.form(of: [1, 300, 6], classCount: 80) == .endToEnd)
    #expect(YOLOv8Head.form(of: [1, 85, 8400], classCount: 80) == nil)
    #expect(YOLOv8Head.form(of: [1, 255, 13, 13], classCount: 80) == nil)
  }

  @Test func givenOutputsOfAnotherShapeWhenDecodedThenTheErrorNamesBothShapes() throws {
    let wrong = [SyntheticOutput([1, 20, 7])]
    let anchors = [ModelManifest.AnchorMap(stride: 32, anchors: [[1, 1]])]
    let heads: [any Head] = [
      YOLOXHead(classCount: 2), try YOLOv3Head(classCount: 2, maps: anchors),
      YOLOv8Head(classCount: 2, form: .plain), YOLOv8Head(classCount: 2, form: .distribution),
      YOLOv8Head(classCount: 2, form: .endToEnd),
    ]
    for head in heads {
      let error = #expect(throws: PipelineError.self) { try decode(head, wrong, classCount: 2) }
      #expect(error?.exit == .dataError)
      #expect(error?.message.contains("1x20x7") == true)
    }
  }

  @Test func givenNaNAndInfinityWhenDecodedThenThoseBoxesAreCountedAndLeftOut() throws {
    var output = SyntheticOutput([1, 21, 6])
    for (row, value) in [Float.nan, .infinity].enumerated() {
      output[0, row, 4] = value  // objectness
      output[0, row, 5] = 0.9
      output[0, 2 + row, 0] = value  // centre
      output[0, 4 + row, 5] = value  // class score
    }
    for row in 2..<6 { output[0, row, 4] = 0.9 }
    for row in 2..<4 { output[0, row, 5] = 0.9 }
    let found = try decode(YOLOXHead(classCount: 1), [output])
    #expect(found.list.isEmpty)
    #expect(found.nonFinite == 6)
  }
}
