import ModelTestSupport
@testable import EdgepipeCore
import Foundation
import PipelineTestSupport

@testable import Detectors
@testable import EdgepipeONNX

/// Small graphs for passes, and the real engine to run them before and after.
enum PassFixture {
  static func engine() throws -> ONNXRuntimeEngine {
    try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
  }

  /// Takes `x` of shape 1x3x64x64 and gives `y`.
  static func model(
    _ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto], output: [Int], opset: Int = 13
  ) throws -> OnnxModel {
    var model = try OnnxModel(data: TestGraphs.model(nodes, tensors, output: output), name: "test")
    model.proto.opsetImport[0].version = Int64(opset)
    return model
  }

  /// The values of all outputs, one after the other. The input has values of both signs, up to 4.
  static func outputs(_ model: OnnxModel, side: Int = 64) throws -> [Float] {
    let input = Tensor(shape: [1, 3, side, side], pool: BufferPool())
    // SAFETY: every element is written.
    unsafe input.withFloats { for index in $0.indices { unsafe $0[index] = 4 * sin(Float(index) / 50) } }
    return try outputs(model, input)
  }

  static func outputs(_ model: OnnxModel, _ input: Tensor) throws -> [Float] {
    let session = try engine().makeSession(model: model.serialized(), options: SessionOptions(modelName: "test"))
    // SAFETY: copied while the outputs are lent.
    return try session.run(input) { lent in lent.outputs.flatMap { unsafe Array($0.values) } }
  }

  static func wave(_ name: String, _ shape: [Int], shift: Float = 0, scale: Float = 1) -> Onnx_TensorProto {
    .floats(name, shape, (0..<shape.reduce(1, *)).map { shift + scale * sin(Float($0) * 0.7 + 1) })
  }

  /// The largest difference, as a part of the largest value.
  static func distance(_ one: [Float], _ other: [Float]) -> Float {
    guard one.count == other.count else { return .infinity }
    let size = one.reduce(0) { max($0, abs($1)) }
    return zip(one, other).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(size, .leastNormalMagnitude)
  }
}

extension OnnxModel {
  /// The operators in order.
  var operators: [String] { proto.graph.node.map(\.opType) }
}
