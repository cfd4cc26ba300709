import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// Passes on small graphs, run before and after by the real engine.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct GraphPassTests {
  @Test func givenBatchNormalizationAfterAConvolutionWhenFoldedThenOneNodeGivesTheSame() throws {
    let before = try PassFixture.model(
      [
        TestGraphs.node("Conv", ["x", "w"], "sum", ["kernel_shape": [8, 8], "strides": [8, 8]]),
        TestGraphs.node("BatchNormalization", ["sum", "gamma", "beta", "mean", "variance"], "y"),
      ],
      [
        PassFixture.wave("w", [6, 3, 8, 8]), PassFixture.wave("gamma", [6], shift: 1.5), PassFixture.wave("beta", [6]),
        PassFixture.wave("mean", [6]),
        PassFixture.wave("variance", [6], shift: 2),
      ], output: [1, 6, 8, 8])
    var after = before
    #expect(BatchNormalizationFolding().apply(to: &after) == 1)
    _ = DeadNodeElimination().apply(to: &after)
    #expect(after.proto.graph.node.map(\.opType) == ["Conv"])
    #expect(after.proto.graph.initializer.count == 2)
    #expect(try zip(PassFixture.outputs(before), PassFixture.outputs(after)).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func givenASumThatTwoReadWhenFoldingThenNormalizationStays() throws {
    var made = try PassFixture.model(
      [
        TestGraphs.node("Conv", ["x", "w"], "sum", ["kernel_shape": [8, 8], "strides": [8, 8]]),
        TestGraphs.node("BatchNormalization", ["sum", "gamma", "gamma", "gamma", "gamma"], "normal"),
        TestGraphs.node("Add", ["sum", "normal"], "y"),
      ], [PassFixture.wave("w", [6, 3, 8, 8]), PassFixture.wave("gamma", [6], shift: 2)], output: [1, 6, 8, 8])
    #expect(BatchNormalizationFolding().apply(to: &made) == 0)
  }

  @Test func givenNodesThatNobodyReadsWhenEliminatedThenTheOthersStay() throws {
    let before = try PassFixture.model(
      [
        TestGraphs.head, TestGraphs.node("Relu", ["map"], "unread"), TestGraphs.node("Sigmoid", ["map"], "y"),
      ], [PassFixture.wave("w", [6, 3, 8, 8]), PassFixture.wave("unread_weights", [4])], output: [1, 6, 8, 8])
    var after = before
    #expect(DeadNodeElimination().apply(to: &after) == 2)
    #expect(after.proto.graph.node.map(\.opType) == ["Conv", "Sigmoid"])
    #expect(after.proto.graph.initializer.map(\.name) == ["w"])
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
  }

  @Test func givenAConstantNodeWhenStoredThenTheSameModelRunsWithoutIt() throws {
    var constant = TestGraphs.node("Constant", [], "w")
    var value = Onnx_AttributeProto()
    value.name = "value"
    value.type = .tensor
    value.t = PassFixture.wave("", [6, 3, 8, 8])
    constant.attribute = [value]
    let before = try PassFixture.model(
      [constant, TestGraphs.head, TestGraphs.node("Relu", ["map"], "y")], [], output: [1, 6, 8, 8])
    var after = before
    #expect(ConstantsToInitializers().apply(to: &after) == 1)
    #expect(after.proto.graph.node.map(\.opType) == ["Conv", "Relu"])
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
  }

  @Test func givenWeightsThatAreAlsoInputs_whenTakenOff_thenTheEngineAsksForThePictureAlone() throws {
    var before = try PassFixture.model(
      [TestGraphs.head, TestGraphs.node("Relu", ["map"], "y")],
      [PassFixture.wave("w", [6, 3, 8, 8]), PassFixture.wave("unread", [4])], output: [1, 6, 8, 8])
    for name in ["w", "unread"] { before.proto.graph.input.append(.tensor(name, [])) }
    before.proto.irVersion = 3
    var after = before
    #expect(WeightsAmongInputs().apply(to: &after) == 2)
    #expect(after.proto.graph.input.map(\.name) == ["x"] && after.proto.irVersion == 4)
    #expect(try PassFixture.outputs(after).count == 384)
    // Without the pass: what nobody reads does not become an input that every run must give.
    after = before
    _ = DeadNodeElimination().apply(to: &after)
    #expect(after.proto.graph.input.map(\.name) == ["x", "w"])
  }

  /// Files come from anywhere: no pass may trap, or go on for ever.
  @Test func givenNodesThatLackInputsOrOutputsOrGoInCircles_whenPassesAreApplied_thenTheyComeToAnEnd() throws {
    let types = [
      "Conv", "ConvTranspose", "BatchNormalization", "Mul", "Div", "Add", "Sub", "Max", "Min", "PRelu", "Clip", "Relu",
      "LeakyRelu", "Sigmoid", "Swish", "Reciprocal", "Neg", "Exp", "Identity", "Dropout", "Cast", "Concat", "Transpose",
      "Pad", "Slice", "Reshape", "MaxPool", "Constant", "Shape", "Gather",
    ]
    for type in types {
      var nodes: [Onnx_NodeProto] = []
      for inputs in [[], ["w"], ["x", "w"], ["x", "w", "w", "w", "w"], ["", ""]] {
        for outputs in [[], ["y"], ["y", "z"], [""]] {
          var node = TestGraphs.node(type, inputs, "")
          node.output = outputs
          nodes.append(node)
        }
      }
      // Two that read each other, and one that reads itself.
      for (input, output) in [("a", "b"), ("b", "a"), ("c", "c")] {
        nodes.append(
          TestGraphs.node(type, [input, "w"], output, ["perm": [1, 0, 3, 2], "pads": [Int.max, Int.min]]))
      }
      nodes.append(TestGraphs.node("Conv", ["a", "w"], "y", ["pads": [Int.max, 1, 2, 3]]))
      for version in [6, 13, 24] {
        var model = try PassFixture.model(nodes, [PassFixture.wave("w", [6, 3, 1, 1])], output: [1], opset: version)
        GraphPasses.apply(to: &model, engine: try PassFixture.engine())
        #expect(model.proto.graph.node.count <= nodes.count + 3, "\(type)")
      }
    }
  }
}
