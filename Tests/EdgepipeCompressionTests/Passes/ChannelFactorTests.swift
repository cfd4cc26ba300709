import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct ChannelFactorTests {
  private let conv = TestGraphs.node("Conv", ["x", "w"], "sum", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]])
  private let weights = PassFixture.wave("w", [6, 3, 3, 3])

  private func folded(_ before: OnnxModel, count: Int) throws -> OnnxModel {
    var after = before
    #expect(ChannelFactorFolding().apply(to: &after) == count)
    _ = DeadNodeElimination().apply(to: &after)
    // Double precision, rounded once, against two roundings in the graph.
    #expect(try PassFixture.distance(PassFixture.outputs(before), PassFixture.outputs(after)) < 1e-5)
    return after
  }

  @Test func givenFactorsAndShiftsAfterAConvolution_whenFolded_thenOneNodeIsLeft() throws {
    let model = try PassFixture.model(
      [
        conv, TestGraphs.node("Mul", ["sum", "factor"], "a"), TestGraphs.node("Add", ["shift", "a"], "b"),
        TestGraphs.node("Sub", ["b", "shift2"], "c"), TestGraphs.node("Div", ["c", "half"], "d"),
        TestGraphs.node("Sub", ["shift", "d"], "y"),
      ],
      [
        weights, PassFixture.wave("factor", [6, 1, 1], shift: 2), PassFixture.wave("shift", [1, 6, 1, 1]),
        PassFixture.wave("shift2", [6, 1, 1]), .floats("half", [], [0.5]),
      ], output: [1, 6, 64, 64])
    #expect(try folded(model, count: 5).operators == ["Conv"])
  }

  @Test func givenAGroupedConvolution_whenFactorsComeBeforeAndAfter_thenEachGroupHasItsOwn() throws {
    let model = try PassFixture.model(
      [
        TestGraphs.node("Conv", ["x", "w"], "sum", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]]),
        TestGraphs.node("Relu", ["sum"], "r"), TestGraphs.node("Mul", ["r", "factor"], "a"),
        TestGraphs.node("Conv", ["a", "g"], "s2", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "group": [3]]),
        TestGraphs.node("Mul", ["s2", "factor9"], "y"),
      ],
      [
        weights, PassFixture.wave("factor", [6, 1, 1], shift: 2), PassFixture.wave("g", [9, 2, 3, 3]),
        PassFixture.wave("factor9", [9, 1, 1], shift: 2),
      ], output: [1, 9, 64, 64])
    #expect(try folded(model, count: 2).operators == ["Conv", "Relu", "Conv"])
  }

  @Test func givenATransposedConvolution_whenNormalizedAndMultiplied_thenBothAreFolded() throws {
    let before = try PassFixture.model(
      [
        TestGraphs.node("ConvTranspose", ["x", "t"], "sum", ["kernel_shape": [2, 2], "strides": [2, 2]]),
        TestGraphs.node("BatchNormalization", ["sum", "gamma", "beta", "mean", "variance"], "normal"),
        TestGraphs.node("Mul", ["normal", "gamma3"], "y"),
      ],
      [
        PassFixture.wave("t", [3, 5, 2, 2]), PassFixture.wave("gamma", [5], shift: 1.5), PassFixture.wave("beta", [5]),
        PassFixture.wave("mean", [5]), PassFixture.wave("variance", [5], shift: 2),
        PassFixture.wave("gamma3", [5, 1, 1], shift: 2),
      ], output: [1, 5, 128, 128])
    var after = before
    #expect(BatchNormalizationFolding().apply(to: &after) == 1)
    #expect(try folded(after, count: 1).operators == ["ConvTranspose"])
    #expect(try PassFixture.distance(PassFixture.outputs(before), PassFixture.outputs(after)) < 1e-5)
  }

  @Test func givenAShiftBeforeAConvolution_whenItPads_thenItStaysAndWhereItDoesNotItIsFolded() throws {
    func model(_ pads: Int) throws -> OnnxModel {
      try PassFixture.model(
        [
          TestGraphs.node("Sub", ["x", "mean"], "centred"), TestGraphs.node("Mul", ["centred", "scale"], "scaled"),
          TestGraphs.node("Conv", ["scaled", "w"], "y", ["kernel_shape": [3, 3], "pads": [pads, pads, pads, pads]]),
        ], [PassFixture.wave("mean", [1, 3, 1, 1]), PassFixture.wave("scale", [1, 3, 1, 1], shift: 2), weights],
        output: [1, 6, 62 + 2 * pads, 62 + 2 * pads])
    }
    #expect(try folded(model(1), count: 1).operators == ["Sub", "Conv"])
    #expect(try folded(model(0), count: 2).operators == ["Conv"])
  }

  @Test func givenFactorsThatAreNoneByChannel_whenFolding_thenTheyStay() throws {
    // For each column; a tensor divided; a product that another node reads too; by zero; three channels made of one.
    let cases: [([Onnx_NodeProto], [Onnx_TensorProto])] = [
      ([conv, TestGraphs.node("Mul", ["sum", "f"], "y")], [weights, PassFixture.wave("f", [64], shift: 2)]),
      ([conv, TestGraphs.node("Div", ["f", "sum"], "y")], [weights, PassFixture.wave("f", [6, 1, 1], shift: 2)]),
      (
        [conv, TestGraphs.node("Mul", ["sum", "f"], "m"), TestGraphs.node("Add", ["m", "sum"], "y")],
        [weights, PassFixture.wave("f", [6, 1, 1], shift: 2)]
      ),
      ([conv, TestGraphs.node("Div", ["sum", "f"], "y")], [weights, .floats("f", [], [0])]),
      (
        [
          TestGraphs.node("ReduceMean", ["x"], "grey", ["axes": [1]]), TestGraphs.node("Mul", ["grey", "f"], "wide"),
          TestGraphs.node("Conv", ["wide", "w"], "y", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]]),
        ], [weights, PassFixture.wave("f", [3, 1, 1], shift: 2)]
      ),
    ]
    for (nodes, tensors) in cases {
      var model = try PassFixture.model(nodes, tensors, output: [1, 6, 64, 64])
      let before = model.proto
      #expect(ChannelFactorFolding().apply(to: &model) == 0, "\(nodes.map(\.opType))")
      #expect(model.proto == before)
    }
  }
}
