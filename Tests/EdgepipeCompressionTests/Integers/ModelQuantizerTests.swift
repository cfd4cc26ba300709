import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX

/// A real detector made integer, against its float self.
@Suite(
  .enabled(
    if: TestData.onnxRuntimeLibrary != nil && ModelFiles.yoloxNano != nil, "needs ONNX Runtime and yolox_nano.onnx"))
struct ModelQuantizerTests {
  private func simplified() throws -> OnnxModel {
    var model = try OnnxModel(contentsOf: #require(ModelFiles.yoloxNano))
    GraphPasses.apply(to: &model)
    try OnnxShapes.free(&model)
    return model
  }

  /// Soft blobs: a picture that a convolution has something to say about.
  private func picture(_ seed: Int, side: Int) -> [UInt8] {
    (0..<3 * side * side).map { index in
      let x = Double(index % side), y = Double(index / side % side), plane = Double(index / side / side)
      return UInt8(127 + 60 * sin(x / 9 + Double(seed)) + 60 * cos(y / 13 + plane + Double(seed) / 2))
    }
  }

  private func floats(_ bytes: [UInt8], side: Int) -> Tensor {
    let tensor = Tensor(shape: [1, 3, side, side], pool: BufferPool())
    // SAFETY: as many floats as bytes.
    unsafe tensor.withFloats { for index in 0..<min($0.count, bytes.count) { unsafe $0[index] = Float(bytes[index]) } }
    return tensor
  }

  private func outputs(_ model: OnnxModel, _ input: Tensor, _ engine: ONNXRuntimeEngine) throws -> [Float] {
    let session = try engine.makeSession(model: model.serialized(), options: SessionOptions(modelName: "test"))
    // SAFETY: copied while the outputs are lent.
    return try session.run(input) { unsafe Array($0.outputs[0].values) }
  }

  @Test func givenTheFocusStemWhenRewrittenThenTheOutputsAreTheSame() throws {
    let original = try OnnxModel(contentsOf: #require(ModelFiles.yoloxNano))
    var rewritten = original
    let counts = GraphPasses.apply(to: &rewritten)
    #expect(counts.first { $0.name == SpaceToDepthStem().name }?.count == 1)
    #expect(!rewritten.proto.graph.node.contains { $0.opType == "Slice" })
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let input = floats(picture(1, side: 416), side: 416)
    let before = try outputs(original, input, engine), after = try outputs(rewritten, input, engine)
    #expect(before.count == after.count)
    // The same products in another order: single precision rounds them differently.
    #expect(zip(before, after).allSatisfy { abs($0 - $1) <= 1e-3 * max(1, abs($0)) })
  }

  @Test func givenCalibrationWhenQuantizedThenOutputsStayCloseAndTheFileIsSmallAndTheSameAgain() throws {
    let side = 160
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let model = try simplified()
    let pictures = (0..<2).map { Tensor.bytes([1, 3, side, side], picture($0, side: side)) }
    func quantized() throws -> OnnxModel {
      try ModelQuantizer(engine: engine).quantize(
        model, pictures: pictures, format: ModelManifest.Head.yolox.defaultInput
      ) { _, _ in }.model
    }
    let integer = try quantized()
    let bytes = try integer.serialized()
    #expect(bytes.count < 1_500_000)
    #expect(try quantized().serialized() == bytes)

    let unseen = picture(7, side: side)
    let float = try outputs(model, floats(unseen, side: side), engine)
    let close = try outputs(integer, .bytes([1, 3, side, side], unseen), engine)
    #expect(float.count == close.count)
    // Rows of 85: 4 box numbers, objectness, 80 classes. Box numbers span several units, scores lie in 0...1.
    var box = 0.0, score = 0.0
    for (index, pair) in zip(float, close).enumerated() {
      if index % 85 < 4 { box += Double(abs(pair.0 - pair.1)) } else { score += Double(abs(pair.0 - pair.1)) }
    }
    let rows = Double(float.count / 85)
    #expect(box / (4 * rows) < 0.15)
    #expect(score / (81 * rows) < 0.02)
  }

  @Test func givenAHeadInFloatsWhenQuantizedThenTheOutputsAreCloser() throws {
    let side = 160
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let model = try simplified()
    let pictures = (0..<3).map { Tensor.bytes([1, 3, side, side], picture($0, side: side)) }
    let unseen = picture(7, side: side)
    let float = try outputs(model, floats(unseen, side: side), engine)
    func made(_ head: LeadingFloats) throws -> (result: ModelQuantizer.Result, error: Double) {
      let result = try ModelQuantizer(engine: engine, options: .init(leadingFloats: head)).quantize(
        model, pictures: pictures, format: ModelManifest.Head.yolox.defaultInput
      ) { _, _ in }
      let found = try outputs(result.model, .bytes([1, 3, side, side], unseen), engine)
      // Scores only.
      let squares = zip(float, found).enumerated().filter { $0.offset % 85 >= 4 }.map {
        Double(($0.element.0 - $0.element.1) * ($0.element.0 - $0.element.1))
      }
      return (result, squares.reduce(0, +))
    }
    let none = try made(.convolutions(0)), three = try made(.convolutions(3))
    #expect(none.result.floatHeadConvolutions == 0)
    // Boxes, objectness and classes of three levels: integers in, floats out, and nothing is turned afterwards.
    #expect(none.result.lastConvolutions == 9)
    #expect(none.result.floatConvolutions == 0)
    #expect(
      !none.result.model.proto.graph.node.contains { ["Conv", "Transpose", "DequantizeToPlanar"].contains($0.opType) })
    // Eight blocks and the two steps down between levels join two branches: their look-ups are done meanwhile.
    #expect(none.result.model.proto.graph.node.count { $0.opType == "ActivatedConcat" } == 10)
    #expect(three.result.floatHeadConvolutions == 3)
    #expect(three.result.integerConvolutions == none.result.integerConvolutions - 3)
    let first = try #require(three.result.model.proto.graph.node.first { $0.opType != "Cast" })
    #expect(first.opType == "PictureConvolution")
    #expect(three.result.model.proto.graph.node.count { $0.opType == "Conv" } == 2)
    #expect(!three.result.model.proto.graph.node.contains { $0.opType == "PixelPatches" })
    #expect(three.error < 0.8 * none.error, "\(three.error) of \(none.error)")
    #expect(try made(.automatic).result.floatHeadConvolutions > 0)
  }

  @Test func givenMoreConvolutionsThanStandInARowWhenLeftInFloatsThenItIsRefused() throws {
    let model = try simplified()
    #expect(throws: PipelineError.self) { try IntegerRegion(model, inputSize: 64, leadingFloats: 9) }
  }

  @Test func givenWeightsThatAreNoNumbersWhenCalibratingThenTheTensorIsNamed() throws {
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    for value in [Float.nan, .infinity] {
      var model = try simplified()
      let convolution = try #require(model.proto.graph.node.first { $0.opType == "Conv" })
      let place = try #require(model.proto.graph.initializer.firstIndex { $0.name == convolution.input[2] })
      let bias = model.proto.graph.initializer[place]
      model.proto.graph.initializer[place] = .floats(
        bias.name, bias.dims.map { Int($0) }, Array(repeating: value, count: Int(bias.dims[0])))
      let error = #expect(throws: PipelineError.self) {
        try ModelQuantizer(engine: engine).quantize(
          model, pictures: [Tensor.bytes([1, 3, 64, 64], picture(0, side: 64))],
          format: ModelManifest.Head.yolox.defaultInput
        ) { _, _ in }
      }
      #expect(error?.exit == .dataError)
      #expect(error?.message.contains("tensor '\(convolution.output[0])'") == true, "\(error?.message ?? "")")
    }
  }

  @Test func givenProgressThatThrowsWhenQuantizingThenTheWorkEnds() throws {
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let model = try simplified()
    let pictures = [Tensor.bytes([1, 3, 64, 64], picture(0, side: 64))]
    #expect(throws: CancellationError.self) {
      try ModelQuantizer(engine: engine).quantize(
        model, pictures: pictures, format: ModelManifest.Head.yolox.defaultInput
      ) { _, _ in throw CancellationError() }
    }
  }
}
