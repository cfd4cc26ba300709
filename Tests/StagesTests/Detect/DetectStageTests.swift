import Foundation
import Logging
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// The detecting stages around a real model file; the inference library only where a frame is processed.
@Suite(.enabled(if: TestData.model("yolox_nano.onnx") != nil, "needs models/ of the test data"))
struct DetectStageTests {
  /// Knows the models of the test data by file name, with or without a manifest.
  private struct Resolver: ModelResolver {
    var hasManifests = true
    var shape: [Int]?

    func resolve(_ reference: String) throws -> ResolvedModel {
      guard let file = TestData.model(reference) else {
        throw PipelineError("there is no model '\(reference)'", code: .notFound)
      }
      let head: ModelManifest.Head = reference.hasPrefix("yolox") ? .yolox : .yunet
      var manifest = ModelManifest(
        name: reference, head: head, input: head.defaultInput, inputSize: 416,
        classes: head == .yolox ? COCOClasses.names : ["face"], file: reference, sha256: "abc", licence: "none",
        origin: "test")
      manifest.shape = shape
      return ResolvedModel(
        reference: reference, manifest: hasManifests ? manifest : nil, file: file, sha256: "abc")
    }
  }

  private func context(
    _ engine: any InferenceEngine, hasManifests: Bool = true, modelShape: [Int]? = nil
  ) -> StageContext {
    var services = StageServices()
    services.provide(Resolver(hasManifests: hasManifests, shape: modelShape), as: (any ModelResolver).self)
    services.provide(engine, as: (any InferenceEngine).self)
    return StageContext(
      id: "objects", clock: SystemClock(), logger: Logger(label: "test"), framesInFlight: 4, services: services,
      threads: ThreadCensus())
  }

  /// An engine whose library is not there: enough for everything before the first frame.
  private var missing: LazyEngine { .onnxRuntime(libraryPath: "/nonexistent/libonnxruntime.so") }

  private func make(
    _ type: String, _ json: String, engine: (any InferenceEngine)? = nil, hasManifests: Bool = true,
    modelShape: [Int]? = nil
  ) throws -> any Stage {
    var registry = StageRegistry()
    registry.register(DetectYOLO.self)
    registry.register(DetectFace.self)
    let descriptor = try #require(registry[type])
    return try descriptor.make(
      Data(json.utf8), context(engine ?? missing, hasManifests: hasManifests, modelShape: modelShape))
  }

  private func expectRefused(_ type: String, _ json: String, _ words: String...) {
    let error = #expect(throws: PipelineError.self) { try make(type, json) }
    #expect(error?.exit == .config)
    for word in words {
      #expect(error?.description.contains(word) == true, "'\(word)' is missing in: \(error?.description ?? "")")
    }
  }

  private func frame(width: Int, height: Int) -> Frame {
    Frame(
      header: FrameHeader(
        stream: StreamInfo(id: "s", sourceStage: "s"), sequence: 0, mediaTime: MediaTime(nanoseconds: 0),
        captured: MonotonicTime(nanoseconds: 0), capturedWall: WallTime(nanoseconds: 0), source: "test",
        width: width, height: height), image: nil)
  }

  @Test func givenNoLibraryWhenAStageIsMadeThenItsInputRequestIsKnown() throws {
    let stage = try make("detect.yolo", #"{"model": "yolox_nano.onnx"}"#)
    let request = try #require(stage as? any TensorConsumer).inputRequest
    #expect(
      request
        == InputRequest(
          format: InputFormat(color: .bgr, placement: .topLeft, pad: 114), shape: .auto, nominalSize: 416, stride: 32))
    let worker = #expect(throws: PipelineError.self) {
      try (stage as? any FrameStage)?.makeWorker(WorkerContext(index: 0, workerCount: 1))
    }
    #expect(worker?.exit == .unavailable)
  }

  @Test func givenShapesWhenDecodedThenTheRequestHasThem() throws {
    for (json, shape) in [
      (#""auto""#, InputShape.auto), (#""square""#, .square), ("[256, 448]", .fixed(height: 256, width: 448)),
    ] {
      let stage = try make("detect.yolo", #"{"model": "yolox_nano.onnx", "shape": \#(json)}"#)
      #expect((stage as? any TensorConsumer)?.inputRequest.shape == shape)
    }
  }

  @Test func givenAModelForOneShapeWhenMadeThenThatIsTheInputAndNoOtherIsTaken() throws {
    func stage(_ shape: String) throws -> any Stage {
      try make("detect.yolo", #"{"model": "yolox_nano.onnx"\#(shape)}"#, modelShape: [256, 416])
    }
    for shape in ["", #", "shape": "auto""#, #", "shape": [256, 416]"#] {
      let request = try #require(try stage(shape) as? any TensorConsumer).inputRequest
      #expect(request.shape == .fixed(height: 256, width: 416))
      // A picture of another shape is placed in the same input.
      let geometry = LetterboxGeometry(sourceWidth: 480, sourceHeight: 640, request: request)
      #expect(geometry.inputWidth == 416 && geometry.inputHeight == 256 && geometry.contentHeight == 256)
    }
    #expect(try stage("").facts["own_shape"] == .string("416x256"))
    #expect(try make("detect.yolo", #"{"model": "yolox_nano.onnx"}"#).facts["own_shape"] == nil)
    for (shape, sides) in [(#""square""#, "[416, 416]"), ("[256, 448]", "[256, 448]"), ("[416, 256]", "[416, 256]")] {
      let error = #expect(throws: PipelineError.self) { try stage(#", "shape": \#(shape)"#) }
      #expect(error?.exit == .config)
      #expect(
        error?.message
          == "the shape \(sides) does not match the model 'yolox_nano.onnx', which is made for [256, 416] (height, width)"
      )
      #expect(error?.remedy?.contains("omit the shape") == true)
    }
  }

  @Test func givenWrongOptionsWhenMadeThenEachErrorNamesTheValueAndTheRemedy() {
    expectRefused(
      "detect.yolo", #"{"model": "yolox_nano.onnx", "classes": ["persn", "dog"]}"#, "'persn'", "'person'")
    expectRefused("detect.yolo", #"{"model": "yolox_nano.onnx", "shape": [250, 416]}"#, "multiples of 32", "[256, 416]")
    expectRefused("detect.yolo", #"{"model": "absent"}"#, "'absent'", "edgepipe models pull absent")
    expectRefused("detect.yolo", #"{"model": "yunet_n_dynamic.onnx"}"#, "YuNet", "'detect.face'")
    expectRefused("detect.face", #"{"model": "yolox_nano.onnx"}"#, "YOLOX", "'detect.yolo'")
  }

  @Test func givenAModelsClassesWhenAskedThenTheStageSaysWhatItFindsAndWhatItNeeds() throws {
    let all = try make("detect.yolo", #"{"model": "yolox_nano.onnx"}"#).interface
    #expect(all.finds == .only(Set(COCOClasses.names)) && all.leavesOut.isEmpty)
    #expect(all.preparedBy == "preprocess.letterbox")
    let some = try make("detect.yolo", #"{"model": "yolox_nano.onnx", "classes": ["dog", "cat"]}"#).interface
    #expect(some.finds == .only(["cat", "dog"]) && some.leavesOut.count == 78)
    #expect(try make("detect.face", #"{"model": "yunet_n_dynamic.onnx"}"#).interface.finds == .only(["face"]))
  }

  @Test func givenABareModelWhenMadeThenTheGuessIsInTheFacts() throws {
    let stage = try make("detect.yolo", #"{"model": "yolox_nano.onnx"}"#, hasManifests: false)
    guard case .list(let notes)? = stage.facts["notes"], case .string(let note)? = notes.first else {
      Issue.record("no notes in \(stage.facts)")
      return
    }
    #expect(note.contains("YOLOX") && note.contains("no manifest"))
    #expect(stage.facts["head"] == .string("yolox"))
  }

  @Test(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs .deps/lib/libonnxruntime.so"))
  func givenAPreparedFrameWhenProcessedThenResultsAndFactsAreThere() throws {
    let library = try #require(TestData.onnxRuntimeLibrary)
    // The file fixes 416x416; 256x416 shows that its size was freed in memory.
    let stage = try make(
      "detect.yolo", #"{"model": "yolox_nano.onnx", "score": 0, "classes": ["person"], "maxDetections": 7}"#,
      engine: LazyEngine.onnxRuntime(libraryPath: library.path))
    let consumer = try #require(stage as? any TensorConsumer & FrameStage)
    let geometry = LetterboxGeometry(sourceWidth: 1920, sourceHeight: 1080, request: consumer.inputRequest)
    #expect(geometry.inputWidth == 416 && geometry.inputHeight == 256)
    let tensor = Tensor(shape: [1, 3, 256, 416], pool: BufferPool())
    // SAFETY: every element is set, and the memory is only used during the call.
    unsafe tensor.withFloats { values in
      for index in values.indices { unsafe values[index] = Float(index % 251) }
    }
    let worker = try consumer.makeWorker(WorkerContext(index: 0, workerCount: 1))
    let absent = #expect(throws: PipelineError.self) { try worker.process(frame(width: 1920, height: 1080)) }
    #expect(absent?.message == "no preprocess.letterbox prepares the input of 'objects'")

    var prepared = frame(width: 1920, height: 1080)
    prepared.attach(ModelInput(tensor: tensor, geometry: geometry), for: "objects")
    guard case .emit(let done) = try worker.process(prepared) else {
      Issue.record("the frame was dropped")
      return
    }
    try worker.finish()
    #expect(done.attachment("objects") == nil)
    #expect(done.results.map(\.stage) == ["objects"])
    // Every cell passes a score of 0; the seven best stay, less those that lie in the padding.
    #expect((1...7).contains(done.detections.count))
    #expect(done.detections.allSatisfy { $0.label == "person" && $0.box.maxX <= 1920.01 && $0.box.maxY <= 1080.01 })
    #expect(done.detections.map(\.score) == done.detections.map(\.score).sorted(by: >))
    #expect(stage.facts["input_sizes"] == .list([.string("416x256")]))
    #expect(stage.facts["workers"] == .int(1))
    guard case .string(let engine)? = stage.facts["engine"] else { return }
    #expect(engine.hasPrefix("onnxruntime 1."))
  }

  /// A YOLOv8-like graph that cannot be freed is not at hand here; a size that the file itself has needs no freeing.
  @Test func givenTheSizeOfTheFileWhenAskedForThenTheBytesStayAsTheyAre() throws {
    let stage = try make("detect.yolo", #"{"model": "yolox_nano.onnx", "shape": [416, 416]}"#)
    #expect(stage.facts["notes"] == nil)
    #expect((stage as? any TensorConsumer)?.inputRequest.shape == .fixed(height: 416, width: 416))
  }
}
