import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX

/// Other forms of the picture input: bytes, and one fixed size.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct InputFormTests {
  private let side = 64
  private var bytes: [UInt8] { (0..<3 * side * side).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) } }

  /// What the preprocessing computes of bytes for a float model.
  private func prepared(_ format: InputFormat) -> Tensor {
    let tensor = Tensor(shape: [1, 3, side, side], pool: BufferPool())
    let bytes = self.bytes, plane = side * side
    // SAFETY: as many floats as bytes.
    unsafe tensor.withFloats {
      for index in bytes.indices {
        unsafe $0[index] = (Float(bytes[index]) - format.mean[index / plane]) * format.scale[index / plane]
      }
    }
    return tensor
  }

  private func model(pads: Int) throws -> OnnxModel {
    try PassFixture.model(
      [
        TestGraphs.node("Conv", ["x", "w", "b"], "map", ["kernel_shape": [3, 3], "pads": [pads, pads, pads, pads]]),
        TestGraphs.node("Relu", ["map"], "y"),
      ], [PassFixture.wave("w", [6, 3, 3, 3]), PassFixture.wave("b", [6])],
      output: [1, 6, side - 2 + 2 * pads, side - 2 + 2 * pads])
  }

  private func format(mean: [Float], scale: [Float]) -> InputFormat {
    InputFormat(color: .bgr, placement: .topLeft, pad: 114, mean: mean, scale: scale)
  }

  @Test func givenEachKindOfNormalization_whenItGoesIntoTheConvolution_thenTheResultsAreTheSame() throws {
    let cases: [(mean: [Float], scale: [Float], pads: Int, operators: [String])] = [
      ([0, 0, 0], [1, 1, 1], 1, ["Cast", "Conv", "Relu"]),
      ([0, 0, 0], [1 / 255, 1 / 255, 1 / 255], 1, ["Cast", "Conv", "Relu"]),
      ([123.675, 116.28, 103.53], [0.0171, 0.0175, 0.0174], 0, ["Cast", "Conv", "Relu"]),
      // Padded zeros are the mean's colour: it stays a node.
      ([104, 117, 123], [1, 1, 1], 1, ["Cast", "Sub", "Conv", "Relu"]),
      ([123.675, 116.28, 103.53], [0.0171, 0.0175, 0.0174], 1, ["Cast", "Sub", "Conv", "Relu"]),
    ]
    for item in cases {
      let format = format(mean: item.mean, scale: item.scale), before = try model(pads: item.pads)
      var after = before
      let bytes = try #require(ByteInput.apply(to: &after, format: format))
      #expect(bytes == InputFormat(color: .bgr, placement: .topLeft, pad: 114, element: .uint8))
      #expect(after.operators == item.operators)
      let expected = try PassFixture.outputs(before, prepared(format))
      let found = try PassFixture.outputs(after, .bytes([1, 3, side, side], self.bytes))
      let distance = PassFixture.distance(expected, found)
      let isPlain = item.mean == [0, 0, 0] && item.scale == [1, 1, 1]
      #expect(isPlain ? distance == 0 : distance < 2e-6, "\(item) \(distance)")
    }
  }

  @Test func givenAPictureThatGoesElsewhere_whenAsked_thenTheModelIsAsItWas() throws {
    let format = format(mean: [0, 0, 0], scale: [1, 1, 1])
    var other = try PassFixture.model([TestGraphs.node("Relu", ["x"], "y")], [], output: [1, 3, 64, 64])
    let before = other.proto
    #expect(ByteInput.apply(to: &other, format: format) == nil)
    #expect(other.proto == before)
    var twice = try model(pads: 1)
    let bytes = try #require(ByteInput.apply(to: &twice, format: format))
    #expect(ByteInput.apply(to: &twice, format: bytes) == nil)
    #expect(ByteInput.apply(to: &twice, format: format) == nil)
  }

  @Test func givenAFreeModel_whenFixed_thenItsShapesAreStoredAndFold() throws {
    // As exports write it: the batch is read from the tensor, the rest is known.
    let before = try PassFixture.model(
      [
        TestGraphs.head, TestGraphs.node("Shape", ["map"], "shape"),
        TestGraphs.node("Gather", ["shape", "zero"], "batch"),
        TestGraphs.node("Concat", ["batch", "rest"], "target", ["axis": [0]]),
        TestGraphs.node("Reshape", ["map", "target"], "y"),
      ], [PassFixture.wave("w", [6, 3, 8, 8]), .integers("zero", [0]), .integers("rest", [6, -1])], output: [1, 6, 64])
    var fixed = before
    #expect(try FixedInput.apply(to: &fixed, width: 96, height: 32, head: nil) == 1)
    _ = ConstantFolding(engine: try PassFixture.engine()).apply(to: &fixed)
    #expect(fixed.operators == ["Conv", "Reshape"])
    #expect(fixed.proto.graph.input[0].type.tensorType.shape.dim.map(\.size) == [1, 3, 32, 96])
    #expect(fixed.proto.graph.output[0].type.tensorType.shape.dim.map(\.size) == [1, 6, 48])
    var free = before
    try OnnxShapes.free(&free)
    let input = Tensor(shape: [1, 3, 32, 96], pool: BufferPool())
    // SAFETY: every element is written.
    unsafe input.withFloats { for index in $0.indices { unsafe $0[index] = sin(Float(index)) } }
    #expect(try PassFixture.outputs(free, input) == PassFixture.outputs(fixed, input))
  }

  @Test func givenASizeThatDoesNotFit_whenFixed_thenTheErrorSaysWhyAndTheModelIsAsItWas() throws {
    // Halved and doubled again: an odd number of cells does not come back.
    var model = try PassFixture.model(
      [
        TestGraphs.head, TestGraphs.node("MaxPool", ["map"], "small", ["kernel_shape": [2, 2], "strides": [2, 2]]),
        TestGraphs.node("Resize", ["small", "", "two"], "large"),
        TestGraphs.node("Concat", ["map", "large"], "y", ["axis": [1]]),
      ], [PassFixture.wave("w", [6, 3, 8, 8]), .floats("two", [4], [1, 1, 2, 2])], output: [1, 12, 8, 8])
    let before = model.proto
    let error = #expect(throws: PipelineError.self) {
      try FixedInput.apply(to: &model, width: 72, height: 64, head: nil)
    }
    #expect(error?.exit == .dataError && error?.message.contains("72x64") == true)
    #expect(error?.remedy?.contains("stride") == true)
    #expect(model.proto == before)
    let usage = #expect(throws: PipelineError.self) {
      try FixedInput.apply(to: &model, width: 0, height: 64, head: nil)
    }
    #expect(usage?.exit == .usage)
  }
}
