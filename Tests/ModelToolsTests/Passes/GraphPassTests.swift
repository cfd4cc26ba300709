import Detectors
import Foundation
@testable import ModelTools
import Pipeline
import PipelineTestSupport
import Testing

/// Passes on small graphs, run before and after by the real engine.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct GraphPassTests {
  private func model(_ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto], output: [Int]) throws -> OnnxModel {
    try OnnxModel(data: TestGraphs.model(nodes, tensors, output: output), name: "test")
  }

  private func outputs(_ model: OnnxModel) throws -> [Float] {
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let session = try engine.makeSession(model: model.serialized(), options: SessionOptions(modelName: "test"))
    let input = Tensor(shape: [1, 3, 64, 64], pool: BufferPool())
    // SAFETY: every element is written; the outputs are copied while they are lent.
    unsafe input.withFloats { for index in $0.indices { unsafe $0[index] = sin(Float(index) / 50) } }
    return try session.run(input) { unsafe Array($0.outputs[0].values) }
  }

  private func wave(_ name: String, _ shape: [Int], shift: Float = 0, scale: Float = 1) -> Onnx_TensorProto {
    .floats(name, shape, (0..<shape.reduce(1, *)).map { shift + scale * sin(Float($0) * 0.7 + 1) })
  }

  @Test func givenBatchNormalizationAfterAConvolutionWhenFoldedThenOneNodeGivesTheSame() throws {
    let before = try model(
      [
        TestGraphs.node("Conv", ["x", "w"], "sum", ["kernel_shape": [8, 8], "strides": [8, 8]]),
        TestGraphs.node("BatchNormalization", ["sum", "gamma", "beta", "mean", "variance"], "y"),
      ],
      [
        wave("w", [6, 3, 8, 8]), wave("gamma", [6], shift: 1.5), wave("beta", [6]), wave("mean", [6]),
        wave("variance", [6], shift: 2),
      ], output: [1, 6, 8, 8])
    var after = before
    #expect(BatchNormalizationFolding().apply(to: &after) == 1)
    _ = DeadNodeElimination().apply(to: &after)
    #expect(after.proto.graph.node.map(\.opType) == ["Conv"])
    #expect(after.proto.graph.initializer.count == 2)
    #expect(try zip(outputs(before), outputs(after)).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func givenASumThatTwoReadWhenFoldingThenNormalizationStays() throws {
    var made = try model(
      [
        TestGraphs.node("Conv", ["x", "w"], "sum", ["kernel_shape": [8, 8], "strides": [8, 8]]),
        TestGraphs.node("BatchNormalization", ["sum", "gamma", "gamma", "gamma", "gamma"], "normal"),
        TestGraphs.node("Add", ["sum", "normal"], "y"),
      ], [wave("w", [6, 3, 8, 8]), wave("gamma", [6], shift: 2)], output: [1, 6, 8, 8])
    #expect(BatchNormalizationFolding().apply(to: &made) == 0)
  }

  @Test func givenNodesThatNobodyReadsWhenEliminatedThenTheOthersStay() throws {
    let before = try model(
      [
        TestGraphs.head, TestGraphs.node("Relu", ["map"], "unread"), TestGraphs.node("Sigmoid", ["map"], "y"),
      ], [wave("w", [6, 3, 8, 8]), wave("unread_weights", [4])], output: [1, 6, 8, 8])
    var after = before
    #expect(DeadNodeElimination().apply(to: &after) == 2)
    #expect(after.proto.graph.node.map(\.opType) == ["Conv", "Sigmoid"])
    #expect(after.proto.graph.initializer.map(\.name) == ["w"])
    #expect(try outputs(before) == outputs(after))
  }

  @Test func givenAConstantNodeWhenStoredThenTheSameModelRunsWithoutIt() throws {
    var constant = TestGraphs.node("Constant", [], "w")
    var value = Onnx_AttributeProto()
    value.name = "value"
    value.type = .tensor
    value.t = wave("", [6, 3, 8, 8])
    constant.attribute = [value]
    let before = try model(
      [constant, TestGraphs.head, TestGraphs.node("Relu", ["map"], "y")], [], output: [1, 6, 8, 8])
    var after = before
    #expect(ConstantsToInitializers().apply(to: &after) == 1)
    #expect(after.proto.graph.node.map(\.opType) == ["Conv", "Relu"])
    #expect(try outputs(before) == outputs(after))
  }
}
