import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX
@testable import Measure

@Suite("Models for pictures of one shape")
struct RectangularInputTests {
  /// A picture's aspect, rounded to hundredths, stands for the picture.
  @Test(
    "given an aspect, when the sides are computed, then they are the rectangle that a pipeline puts around such a picture",
    arguments: [
      // 16:9, 4:3, 3:2, 5:4, wide screen, and standing on end.
      (1.78, 1920, 1080), (1.33, 640, 480), (1.33, 2048, 1536), (1.5, 720, 480), (1.25, 1280, 1024), (2.4, 3840, 1600),
      (0.56, 1080, 1920), (0.75, 480, 640), (0.67, 480, 720), (4, 400, 100), (0.25, 100, 400),
    ])
  func geometry(aspect: Double, width: Int, height: Int) {
    for (size, stride) in [(416, 32), (640, 32), (320, 32), (512, 16)] {
      let request = InputRequest(
        format: RectangularFixture.manifest.input, shape: .auto, nominalSize: size, stride: stride)
      let expected = LetterboxGeometry(sourceWidth: width, sourceHeight: height, request: request)
      let sides = RectangularInput.sides(aspect: aspect, size: size, stride: stride)
      #expect(sides == (expected.inputHeight, expected.inputWidth), "\(size)")
    }
  }

  @Test("given known cases, when the sides are computed, then they are what one computes by hand")
  func known() {
    #expect(RectangularInput.sides(aspect: 1.78, size: 416, stride: 32) == (256, 416))
    #expect(RectangularInput.sides(aspect: 0.56, size: 640, stride: 32) == (640, 384))
    // Nearly a square is one.
    #expect(RectangularInput.sides(aspect: 1.05, size: 416, stride: 32) == (416, 416))
    // A side is never less than a stride.
    #expect(RectangularInput.sides(aspect: 4, size: 64, stride: 64) == (64, 64))
  }

  @Test(
    "given a model, when the step is taken, then only the manifest changes",
    .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
  func step() throws {
    let before = try RectangularFixture.candidate()
    let after = try RectangularInput(amount: 1.78).apply(to: before, in: RectangularFixture.context(before))
    #expect(after.manifest.shape == [96, 128])
    #expect(after.inputShape == [1, 3, 96, 128])
    #expect(after.note == "pictures of 128x96 instead of 128x128, 0.75 of the pixels")
    #expect(try after.model.serialized() == before.model.serialized())
    var same = before.manifest
    same.shape = [96, 128]
    #expect(after.manifest == same)
    // The shape may be changed again, and then no longer the same.
    let tall = try RectangularInput(amount: 0.56).apply(to: after, in: RectangularFixture.context(before))
    #expect(tall.manifest.shape == [128, 96])
    let again = #expect(throws: StepRefusal.self) {
      try RectangularInput(amount: 0.56).apply(to: tall, in: RectangularFixture.context(before))
    }
    #expect(again?.reason == "its input is already 96x128, which fits such pictures")
  }

  @Test(
    "given a graph that holds its size, when the step is taken, then it is freed, or the step is refused",
    .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
  func tied() throws {
    var fixed = try RectangularFixture.candidate()
    fixed.model.proto.graph.input[0].type.tensorType.shape.dim = [1, 3, 128, 128].map { .fixed($0) }
    let freed = try RectangularInput(amount: 1.78).apply(to: fixed, in: RectangularFixture.context(fixed))
    #expect(freed.manifest.shape == [96, 128])

    // It says that its size is free, but has room for 16 places alone.
    var liar = fixed
    let reshape = RectangularFixture.node("Reshape", ["raw", "places"], "map")
    liar.model.proto.graph.node[0].output = ["raw"]
    liar.model.proto.graph.node.append(reshape)
    liar.model.proto.graph.initializer.append(.integers("places", [1, 18, 4, 4]))
    liar.model.proto.graph.input[0].type.tensorType.shape.dim = [.fixed(1), .fixed(3), .free("h"), .free("w")]
    let refusal = #expect(throws: StepRefusal.self) {
      try RectangularInput(amount: 1.78).apply(to: liar, in: RectangularFixture.context(fixed))
    }
    #expect(refusal?.reason.hasPrefix("it does not run on pictures of 128x96: ") == true, "\(refusal?.reason ?? "")")

    // One that holds it openly is refused before it runs: in a ladder that is a step that is not available.
    liar.model.proto.graph.input[0].type.tensorType.shape.dim = [1, 3, 128, 128].map { .fixed($0) }
    let error = #expect(throws: PipelineError.self) {
      try RectangularInput(amount: 1.78).apply(to: liar, in: RectangularFixture.context(fixed))
    }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("at its own picture size only") == true)
  }

  @Test(
    "given a model with a shape of its own, when compared, then it sees the same pictures at that shape, prepared once",
    .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
  func agreement() throws {
    let square = try RectangularFixture.candidate()
    var wide = square
    wide.manifest.shape = [96, 128]
    let asked = Mutex<[InputShape]>([]), sources = [(640, 360), (320, 240)]
    let meter = AgreementMeter(
      RectangularFixture.pictures(sources, .square), shape: .square, engine: try RectangularFixture.engine()
    ) { shape in
      asked.withLock { $0.append(shape) }
      return RectangularFixture.pictures(sources, shape)
    }
    for candidate in [square, wide, wide] { #expect(try meter.measure(candidate) { _, _ in } != nil) }
    #expect(asked.withLock { $0 } == [.fixed(height: 96, width: 128)])
  }

  @Test(
    "given pictures that change while they are compared, when read again, then that is an error",
    .enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
  func changed() throws {
    let square = try RectangularFixture.candidate()
    var wide = square
    wide.manifest.shape = [96, 128]
    let meter = AgreementMeter(
      RectangularFixture.pictures([(640, 360), (320, 240)], .square), shape: .square,
      engine: try RectangularFixture.engine()
    ) { RectangularFixture.pictures([(320, 240), (640, 360)], $0) }
    _ = try meter.measure(square) { _, _ in }
    let error = #expect(throws: PipelineError.self) { try meter.measure(wide) { _, _ in } }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("have changed during the run") == true)
  }
}

/// A detector of one convolution with stride 32: the smallest that a head reads.
private enum RectangularFixture {
  static let manifest = ModelManifest(
    name: "small", head: .yolov3, input: InputFormat(color: .rgb, placement: .topLeft, pad: 0), inputSize: 128,
    classes: ["thing"],
    anchors: [.init(stride: 32, anchors: [[10, 10], [20, 20], [40, 40]])], file: "small.onnx",
    sha256: "", licence: "none", origin: "a test")

  static func engine() throws -> ONNXRuntimeEngine {
    try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
  }

  static func node(_ type: String, _ inputs: [String], _ output: String) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    (node.opType, node.input, node.output) = (type, inputs, [output])
    return node
  }

  static func candidate() throws -> CompressionCandidate {
    var convolution = node("Conv", ["x", "w"], "map")
    for name in ["strides", "kernel_shape"] {
      var attribute = Onnx_AttributeProto()
      (attribute.name, attribute.type, attribute.ints) = (name, .ints, [32, 32])
      convolution.attribute.append(attribute)
    }
    var proto = Onnx_ModelProto(), opset = Onnx_OperatorSetIdProto()
    opset.version = 13
    (proto.irVersion, proto.opsetImport) = (8, [opset])
    proto.graph.name = "small"
    proto.graph.node = [convolution]
    proto.graph.initializer = [.floats("w", [18, 3, 32, 32], [Float](repeating: 0, count: 18 * 3 * 32 * 32))]
    proto.graph.input = [.tensor("x", [.fixed(1), .fixed(3), .free("h"), .free("w")])]
    proto.graph.output = [.tensor("map", [.fixed(1), .fixed(18), .free(), .free()])]
    return CompressionCandidate(model: OnnxModel(proto: proto, name: "small"), manifest: manifest)
  }

  static func context(_ original: CompressionCandidate) throws -> CompressionContext {
    CompressionContext(engine: try engine(), original: original, pictures: [], clip: 0) { _, _ in }
  }

  /// Grey pictures of sources of these widths and heights, as bytes.
  static func pictures(_ sources: [(Int, Int)], _ shape: InputShape) -> [ModelInput] {
    sources.map { width, height in
      let geometry = LetterboxGeometry(
        sourceWidth: width, sourceHeight: height,
        request: InputRequest(format: manifest.input, shape: shape, nominalSize: 128))
      return ModelInput(
        tensor: .grey(shape: [1, 3, geometry.inputHeight, geometry.inputWidth], element: .uint8), geometry: geometry)
    }
  }
}
