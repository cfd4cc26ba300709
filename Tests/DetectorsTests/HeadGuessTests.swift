import Detectors
import Pipeline
import Testing

@Suite struct HeadGuessTests {
  private func guess(_ outputs: [[Int?]], input: [Int?] = [1, 3, 416, 416]) throws -> HeadGuess {
    try HeadGuess(
      model: "m.onnx", inputs: [TensorDescription(name: "in", element: .float32, shape: input)],
      outputs: outputs.map { TensorDescription(name: "out", element: .float32, shape: $0) })
  }

  @Test func givenShapesOfKnownModelsWhenGuessedThenTheHeadIsRight() throws {
    let free: [Int?] = [1, 3, nil, nil]
    let yunet: [[Int?]] = [1, 1, 1, 1, 1, 1, 4, 4, 4, 10, 10, 10].map { [nil, nil, $0] }
    #expect(try guess([[1, 3549, 85]]).head == .yolox)
    #expect(try guess([[1, 255, 13, 13], [1, 255, 26, 26]]).head == .yolov3)
    #expect(try guess([[1, 255, 13, 13], [1, 255, 26, 26], [1, 255, 52, 52]]).anchors?.count == 3)
    #expect(try guess([[1, 84, 8400]], input: [1, 3, 640, 640]).head == .yolov8)
    #expect(try guess([[1, 144, 8400]], input: [1, 3, 640, 640]).classes == COCOClasses.names)
    #expect(try guess([[1, 6, 8400]], input: [1, 3, 640, 640]).classes == ["class0", "class1"])
    #expect(try guess([[1, 300, 6]], input: [1, 3, 640, 640]).head == .yolov8)
    #expect(try guess([[1, nil, 4], [1, nil, 2], [1, nil, 10]], input: free).head == .retinaface)
    #expect(try guess(yunet, input: free).head == .yunet)
    #expect(try guess([[1, 1, nil, nil], [1, 2, nil, nil], [1, 2, nil, nil], [1, 10, nil, nil]]).head == .centerface)
  }

  private func guess(named outputs: [(name: String, shape: [Int?])]) throws -> HeadGuess {
    try HeadGuess(
      model: "m.onnx", inputs: [TensorDescription(name: "in", element: .float32, shape: [1, 3, nil, nil])],
      outputs: outputs.map { TensorDescription(name: $0.name, element: .float32, shape: $0.shape) })
  }

  @Test func givenOpenShapesAndTheNamesOfFaceModelsWhenGuessedThenTheNamesTell() throws {
    let yunet = ["cls", "obj", "bbox", "kps"].flatMap { name in [8, 16, 32].map { "\(name)_\($0)" } }
    #expect(try guess(named: ["conf", "loc", "landms"].map { ($0, [nil, nil, nil]) }).head == .retinaface)
    #expect(try guess(named: yunet.map { ($0, [nil, nil, nil]) }).head == .yunet)
    #expect(try guess(named: ["537", "538", "539", "540"].map { ($0, [nil, nil, nil, nil]) }).head == .centerface)
    #expect(try guess(named: ["loc", "conf", "landms"].map { ($0, [1, nil, nil]) }).classes == ["face"])
  }

  /// The names of RetinaFace, but five landmarks do not fit into 8 numbers; one name is missing; one is another's.
  @Test func givenNamesThatTheShapesContradictWhenGuessedThenItIsRefused() {
    let free: [Int?] = [1, nil, nil]
    #expect(throws: PipelineError.self) {
      try guess(named: [("loc", free), ("conf", free), ("landms", [1, nil, 8])])
    }
    #expect(throws: PipelineError.self) { try guess(named: [("loc", free), ("conf", free)]) }
    #expect(throws: PipelineError.self) { try guess(named: [("loc", free), ("conf", free), ("540", free)]) }
  }

  @Test func givenAGuessThenItSaysWhatItSawAndAssumed() throws {
    let sentence = try guess([[1, 3549, 85]]).sentence
    #expect(sentence.contains("m.onnx") && sentence.contains("1x3549x85") && sentence.contains("YOLOX"))
    #expect(sentence.contains("BGR"))
  }

  /// YOLOv5 has three times YOLOX's rows; a classifier has two dimensions; 100 channels could be two forms of YOLOv8.
  @Test(arguments: [[[1, 10647, 85]], [[1, 1000]], [[1, 100, 3549]], [[1, 255, 13, 13]], []] as [[[Int?]]])
  func givenShapesThatFitNothingOrTwoThingsWhenGuessedThenTheErrorAsksForAManifest(shapes: [[Int?]]) {
    let error = #expect(throws: PipelineError.self) { try guess(shapes) }
    #expect(error?.exit == .config)
    #expect(error?.remedy?.contains("manifest") == true)
  }

  @Test func givenCOCOThenThereAreEightyDifferentNames() {
    #expect(Set(COCOClasses.names).count == 80)
    #expect(COCOClasses.names[0] == "person" && COCOClasses.names[79] == "toothbrush")
  }

  @Test func givenAManifestWithAnotherClassCountWhenTheHeadIsMadeThenItIsRefused() {
    let outputs = [TensorDescription(name: "output", element: .float32, shape: [1, 3549, 85])]
    let error = #expect(throws: PipelineError.self) {
      try HeadFactory.make(.test(.yolox, classes: ["a", "b"]), outputs: outputs)
    }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("2 classes") == true)
    #expect(throws: PipelineError.self) { try HeadFactory.make(.test(.yolox, classes: []), outputs: outputs) }
    #expect(throws: PipelineError.self) { try HeadFactory.make(.test(.yolov3), outputs: outputs) }
  }
}
