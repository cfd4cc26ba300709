import Testing

@testable import Detectors
@testable import EdgepipeCore

@Suite struct HeadGuessTests {
  /// The last convolutions of YOLOX, as its authors export it.
  private static let yolox = OutputEvidence(channels: [1, 4, 80])

  private func guess(
    _ outputs: [[Int?]], input: [Int?] = [1, 3, 416, 416], evidence: OutputEvidence = OutputEvidence(),
    metadata: [String: String] = [:], claims: ModelClaims = ModelClaims()
  ) throws -> HeadGuess {
    try HeadGuess(
      model: "m.onnx",
      ModelDescription(
        inputs: [TensorDescription(name: "in", element: .float32, shape: input)],
        outputs: outputs.map { TensorDescription(name: "out", element: .float32, shape: $0) },
        metadata: ModelMetadata(metadata), evidence: evidence), claims: claims)
  }

  @Test func givenShapesOfKnownModelsWhenGuessedThenTheHeadIsRight() throws {
    let free: [Int?] = [1, 3, nil, nil]
    let yunet: [[Int?]] = [1, 1, 1, 1, 1, 1, 4, 4, 4, 10, 10, 10].map { [nil, nil, $0] }
    #expect(try guess([[1, 3549, 85]], evidence: Self.yolox).head == .yolox)
    #expect(try guess([[1, 255, 13, 13], [1, 255, 26, 26]]).head == .yolov3)
    #expect(try guess([[1, 255, 13, 13], [1, 255, 26, 26], [1, 255, 52, 52]]).anchors?.count == 3)
    #expect(try guess([[1, 84, 8400]], input: [1, 3, 640, 640]).head == .yolov8)
    #expect(try guess([[1, 6, 8400]], input: [1, 3, 640, 640]).classes == ["class0", "class1"])
    #expect(try guess([[1, 300, 6]], input: [1, 3, 640, 640]).head == .yolov8)
    #expect(try guess([[1, nil, 4], [1, nil, 2], [1, nil, 10]], input: free).head == .retinaface)
    #expect(try guess(yunet, input: free).head == .yunet)
    #expect(
      try guess([[1, 1, nil, nil], [1, 2, nil, nil], [1, 2, nil, nil], [1, 10, nil, nil]]).head == .centerface)
  }

  /// Dimensions come from a file and may be anything.
  @Test func givenSizesOfNoPictureAndNoModel_whenGuessed_thenTheyAreRefused() {
    let huge = 1 << 62
    #expect(throws: PipelineError.self) { try guess([[1, 84, 8400]], input: [1, 3, huge, huge]) }
    #expect(throws: PipelineError.self) { try guess([[1, nil, huge]], input: [1, 3, nil, nil], evidence: Self.yolox) }
    #expect(throws: PipelineError.self) { try guess([[1, 2_000_000_000, 8500]], input: [1, 3, 640, 640]) }
    #expect(throws: PipelineError.self) { try guess([[1, huge, 8400]], input: [1, 3, 640, 640]) }
  }

  /// RT-DETR gives boxes relative to the picture; with two classes its output has the shape of finished detections.
  @Test func givenATransformersOutput_whenGuessed_thenItIsNotTakenForFinishedDetections() throws {
    let dense = OutputEvidence(hasDense: true), names = ["task": "detect", "names": "{0: 'a', 1: 'b'}"]
    #expect(throws: PipelineError.self) {
      try guess([[1, 300, 6]], input: [1, 3, 640, 640], evidence: dense, metadata: names)
    }
    #expect(throws: PipelineError.self) {
      try guess(
        [[1, 300, 5]], input: [1, 3, 640, 640], evidence: dense, metadata: ["task": "detect", "names": "{0: 'a'}"])
    }
    #expect(try guess([[1, 300, 6]], input: [1, 3, 640, 640], metadata: names).classes == ["a", "b"])
  }

  private func guess(named outputs: [(name: String, shape: [Int?])]) throws -> HeadGuess {
    try HeadGuess(
      model: "m.onnx",
      ModelDescription(
        inputs: [TensorDescription(name: "in", element: .float32, shape: [1, 3, nil, nil])],
        outputs: outputs.map { TensorDescription(name: $0.name, element: .float32, shape: $0.shape) }))
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
    let sentence = try guess([[1, 3549, 85]], evidence: Self.yolox).sentence
    #expect(sentence.contains("m.onnx") && sentence.contains("1x3549x85") && sentence.contains("YOLOX"))
    #expect(sentence.contains("BGR"))
  }

  /// A classifier has two dimensions; 100 and 144 channels could be two forms of YOLOv8; 85 columns YOLOX, or YOLOv8 with
  /// 81 classes last; 56 channels a detector or a pose model.
  @Test(
    arguments: [
      [[1, 1000]], [[1, 100, 3549]], [[1, 144, 3549]], [[1, 3549, 85]], [[1, 56, 3549]], [[1, 255, 13, 13]], [],
    ] as [[[Int?]]])
  func givenShapesThatFitNothingOrTwoThingsWhenGuessedThenTheErrorAsksForAManifest(shapes: [[Int?]]) {
    let error = #expect(throws: PipelineError.self) { try guess(shapes) }
    #expect(error?.exit == .config)
    #expect(error?.remedy?.contains("manifest") == true)
  }

  @Test func givenOneOutputThatSeveralFitWhenTheGraphTellsThenItIsRead() throws {
    let large: [Int?] = [1, 3, 640, 640]
    let decoded = OutputEvidence(channels: [1, 4, 80], hasExponential: true)
    #expect(try guess([[1, 3549, 85]], evidence: Self.yolox).form == .raw)
    #expect(try guess([[1, 3549, 85]], evidence: decoded).form == .decoded)
    let classesLast = try guess(
      [[1, 8400, 85]], input: large, evidence: OutputEvidence(channels: [64, 81], hasSoftmax: true))
    #expect(classesLast.form == .classesLast && classesLast.classes.count == 81)
    let raw = try guess([[1, 144, 8400]], input: large, evidence: OutputEvidence(channels: [64, 80]))
    #expect(raw.form == .distribution && raw.classes == COCOClasses.names)
    let plain = try guess(
      [[1, 144, 8400]], input: large, evidence: OutputEvidence(channels: [64, 140], hasSoftmax: true))
    #expect(plain.form == .plain && plain.classes.count == 140)
  }

  /// Where YOLOX is certain and its graph shows nothing, raw or decoded has to be said.
  @Test func givenYOLOXOfWhichTheGraphShowsNothingWhenGuessedThenTheFormIsAskedFor() throws {
    let claims = ModelClaims(.options, head: .yolox)
    let error = #expect(throws: PipelineError.self) { try guess([[1, 3549, 85]], claims: claims) }
    #expect(error?.exit == .usage && error?.remedy?.contains("--form") == true)
    let said = ModelClaims(.options, head: .yolox, form: .decoded)
    #expect(try guess([[1, 3549, 85]], claims: said).form == .decoded)
  }

  @Test func givenTheExportersMetadataWhenGuessedThenNamesAndFormAreTheFiles() throws {
    let large: [Int?] = [1, 3, 640, 640]
    let two = ["task": "detect", "names": "{0: 'helmet', 1: 'no-helmet'}"]
    let plain = try guess([[1, 6, 8400]], input: large, metadata: two)
    #expect(plain.classes == ["helmet", "no-helmet"] && plain.namesFrom == .file && plain.form == .plain)
    let finished = try guess([[1, 300, 6]], input: large, metadata: two)
    #expect(finished.classes == ["helmet", "no-helmet"] && finished.form == .endToEnd)
    let last = try guess([[1, 8400, 6]], input: large, metadata: two)
    #expect(last.form == .classesLast && last.classes.count == 2)
    for count in [1, 61, 140, 365, 1000] {
      let names = "[" + (0..<count).map { "'thing\($0)'" }.joined(separator: ", ") + "]"
      #expect(try guess([[1, 4 + count, 8400]], input: large, metadata: ["names": names]).classes.count == count)
    }
    // Nothing is fixed but what the metadata says.
    let free: [Int?] = [nil, nil, nil, nil]
    let open = try guess([[nil, nil, nil]], input: free, metadata: two)
    #expect(open.head == .yolov8 && open.form == nil && open.classes.count == 2)
    let flagged = try guess([[nil, nil, nil]], input: free, metadata: two.merging(["end2end": "True"]) { $1 })
    #expect(flagged.form == .endToEnd)
  }

  /// No name is invented for somebody's own model.
  @Test func givenAnEndToEndModelWithoutNamesWhenGuessedThenClassesHaveNumbers() throws {
    let guess = try guess([[1, 300, 6]], input: [1, 3, 640, 640])
    #expect(guess.classes[1] == "class1" && guess.namesFrom == .numbers)
    #expect(guess.sentence.contains("unnamed classes"))
  }

  @Test func givenYOLOv5sThreeBoxesACellWhenGuessedThenItIsYOLOv5() throws {
    let guess = try guess(
      [[1, 25200, 7]], input: [1, 3, 640, 640], metadata: ["stride": "32", "names": "['a', 'b']"])
    #expect(guess.head == .yolov5 && guess.classes == ["a", "b"])
    // Early exports give the maps that it was decoded of as well.
    let early = try self.guess(
      [[1, 25200, 85], [1, 3, 80, 80, 85], [1, 3, 40, 40, 85], [1, 3, 20, 20, 85]], input: [1, 3, 640, 640])
    #expect(early.head == .yolov5 && early.classes.count == 80)
  }

  @Test(
    arguments: [
      (["task": "pose"], "pose"), (["task": "segment"], "segmentation"), (["task": "obb"], "oriented boxes"),
      (["task": "classify"], "classification"),
    ])
  func givenAnotherTaskInTheMetadataWhenGuessedThenItIsRefusedByName(metadata: [String: String], name: String) {
    let error = #expect(throws: PipelineError.self) {
      try guess([[1, 56, 8400]], input: [1, 3, 640, 640], metadata: metadata)
    }
    #expect(error?.exit == .config && error?.message.contains(name) == true, "\(error?.message ?? "")")
  }

  /// The graph shows keypoints, masks and angles also where the metadata is lost.
  @Test(arguments: [
    (56, [64, 1, 51], "pose"), (38, [64, 2, 32], "segmentation"), (20, [64, 15, 1], "oriented boxes"),
  ])
  func givenFurtherBranchesInTheGraphWhenGuessedThenItIsRefusedByName(rows: Int, channels: [Int], name: String) {
    let evidence = OutputEvidence(channels: Set(channels), hasSoftmax: true)
    let error = #expect(throws: PipelineError.self) {
      try guess([[1, rows, 8400]], input: [1, 3, 640, 640], evidence: evidence)
    }
    #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
  }

  @Test(
    arguments: [
      ([[1, 3, 80, 80, 85], [1, 3, 40, 40, 85], [1, 3, 20, 20, 85]], "YOLOv5"), ([[nil, 7]], "YOLOv7"),
      ([[1, 300, 84]], "RT-DETR"), ([[1, 8400, 4], [1, 8400, 80]], "YOLO-NAS"), ([[1, 1000]], "classifier"),
      ([[1, 116, 8400], [1, 32, 160, 160]], "segmentation"),
    ] as [([[Int?]], String)])
  func givenWhatNoHeadReadsWhenGuessedThenTheErrorSaysWhatItLooksLike(shapes: [[Int?]], name: String) {
    let error = #expect(throws: PipelineError.self) { try guess(shapes, input: [1, 3, 640, 640]) }
    #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
    #expect(error?.remedy != nil)
  }

  /// 300 rows of a transformer are no cells, whatever the metadata says of its classes.
  @Test func givenATransformerWithNamesWhenGuessedThenItIsNoYOLOv8WithTheClassesLast() {
    let names = "[" + COCOClasses.names.map { "'\($0)'" }.joined(separator: ", ") + "]"
    let error = #expect(throws: PipelineError.self) {
      try guess([[1, 300, 84]], input: [1, 3, 640, 640], metadata: ["task": "detect", "names": names])
    }
    #expect(error?.message.contains("RT-DETR") == true)
  }

  @Test func givenAnotherCountInTheMetadataWhenGuessedThenTheErrorNamesBoth() {
    let error = #expect(throws: PipelineError.self) {
      try guess([[1, 84, 8400]], input: [1, 3, 640, 640], metadata: ["task": "detect", "names": "['helmet']"])
    }
    #expect(error?.message.contains("80 classes") == true && error?.message.contains("helmet") == true)
  }

  @Test func givenClassNamesByOptionWhenTheyAreTooManyThenTheErrorNamesBoth() {
    let claims = ModelClaims(.options, classes: ["a", "b", "c"])
    let error = #expect(throws: PipelineError.self) {
      try guess([[1, 6, 8400]], input: [1, 3, 640, 640], metadata: ["names": "['a', 'b']"], claims: claims)
    }
    #expect(error?.exit == .usage)
    #expect(
      error?.message.contains("3 classes") == true && error?.message.contains("2 classes") == true,
      "\(error?.message ?? "")")
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
