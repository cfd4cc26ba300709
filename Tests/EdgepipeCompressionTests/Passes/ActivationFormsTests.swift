import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct ActivationFormsTests {
  private func model(_ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto]) throws -> OnnxModel {
    try PassFixture.model(
      [TestGraphs.head] + nodes, [PassFixture.wave("w", [6, 3, 8, 8], scale: 0.2)] + tensors, output: [1, 6, 8, 8])
  }

  private func number(_ name: String, _ value: Float) -> Onnx_TensorProto { .floats(name, [], [value]) }

  @Test func givenOtherFormsOfReluAndLeakyRelu_whenRewritten_thenEveryBitIsTheSame() throws {
    typealias Case = (nodes: [Onnx_NodeProto], tensors: [Onnx_TensorProto], made: [String])
    let cases: [Case] = [
      (
        [TestGraphs.node("PRelu", ["map", "slope"], "y")],
        [.floats("slope", [6, 1, 1], Array(repeating: 0.25, count: 6))], ["Conv", "LeakyRelu"]
      ),
      ([TestGraphs.node("PRelu", ["map", "slope"], "y")], [.floats("slope", [1], [0])], ["Conv", "Relu"]),
      ([TestGraphs.node("Max", ["map", "zero"], "y")], [number("zero", 0)], ["Conv", "Relu"]),
      (
        [TestGraphs.node("Mul", ["slope", "map"], "m"), TestGraphs.node("Max", ["m", "map"], "y")],
        [number("slope", 0.1)], ["Conv", "LeakyRelu"]
      ),
      (
        [TestGraphs.node("Relu", ["map"], "r"), TestGraphs.node("Min", ["r", "six"], "y")], [number("six", 6)],
        ["Conv", "Clip"]
      ),
      ([TestGraphs.node("Clip", ["map", "zero"], "y")], [number("zero", 0)], ["Conv", "Relu"]),
      (
        [TestGraphs.node("Max", ["map", "zero"], "r"), TestGraphs.node("Min", ["r", "six"], "y")],
        [number("zero", 0), number("six", 6)], ["Conv", "Clip"]
      ),
    ]
    for item in cases {
      let before = try model(item.nodes, item.tensors)
      var after = before
      #expect(ActivationForms().apply(to: &after) > 0, "\(item.made)")
      #expect(after.operators == item.made)
      #expect(try PassFixture.outputs(before) == PassFixture.outputs(after), "\(item.made)")
    }
  }

  @Test func givenFormsThatAreNoActivation_whenRewriting_thenTheyStay() throws {
    let cases: [([Onnx_NodeProto], [Onnx_TensorProto])] = [
      ([TestGraphs.node("PRelu", ["map", "slope"], "y")], [PassFixture.wave("slope", [6, 1, 1])]),
      ([TestGraphs.node("Max", ["map", "one"], "y")], [number("one", 1)]),
      // A slope above one: max(x, 2 x) is 2 x for positive x.
      (
        [TestGraphs.node("Mul", ["map", "slope"], "m"), TestGraphs.node("Max", ["map", "m"], "y")],
        [number("slope", 2)]
      ),
      ([TestGraphs.node("Clip", ["map", "zero", "six"], "y")], [number("zero", 0), number("six", 6)]),
    ]
    for (nodes, tensors) in cases {
      var made = try model(nodes, tensors)
      #expect(ActivationForms().apply(to: &made) + GatedActivationForms().apply(to: &made) == 0)
    }
  }

  @Test func givenSigmoidAndSiluOfParts_whenRewritten_thenTheResultsAreTheSame() throws {
    let exponential = [
      TestGraphs.node("Neg", ["map"], "n"), TestGraphs.node("Exp", ["n"], "e"),
      TestGraphs.node("Add", ["e", "one"], "d"),
    ]
    let clipped = [TestGraphs.node("Add", ["map", "three"], "p"), TestGraphs.node("Clip", ["p", "zero", "six"], "q")]
    let cases: [(nodes: [Onnx_NodeProto], made: [String])] = [
      (exponential + [TestGraphs.node("Div", ["map", "d"], "y")], ["Conv", "Sigmoid", "Mul"]),
      (exponential + [TestGraphs.node("Div", ["one", "d"], "y")], ["Conv", "Sigmoid"]),
      (exponential + [TestGraphs.node("Reciprocal", ["d"], "y")], ["Conv", "Sigmoid"]),
      (clipped + [TestGraphs.node("Div", ["q", "six"], "y")], ["Conv", "HardSigmoid"]),
      (
        clipped + [TestGraphs.node("Mul", ["map", "q"], "m"), TestGraphs.node("Div", ["m", "six"], "y")],
        ["Conv", "HardSigmoid", "Mul"]
      ),
      (
        clipped + [TestGraphs.node("Mul", ["q", "map"], "m"), TestGraphs.node("Mul", ["m", "sixth"], "y")],
        ["Conv", "HardSigmoid", "Mul"]
      ),
      (
        clipped + [TestGraphs.node("Div", ["q", "six"], "h"), TestGraphs.node("Mul", ["map", "h"], "y")],
        ["Conv", "HardSigmoid", "Mul"]
      ),
    ]
    let numbers = [number("one", 1), number("zero", 0), number("three", 3), number("six", 6), number("sixth", 1 / 6)]
    for item in cases {
      let before = try model(item.nodes, numbers)
      var after = before
      #expect(GatedActivationForms().apply(to: &after) == 1, "\(item.made)")
      #expect(after.operators == item.made)
      // Other roundings of the same function: a few units in the last place.
      #expect(try PassFixture.distance(PassFixture.outputs(before), PassFixture.outputs(after)) < 1e-6)
    }
  }

  @Test func givenAnActivationOfConcatenatedConvolutions_whenMoved_thenEachHasItsOwnAndEveryBitIsTheSame() throws {
    let before = try PassFixture.model(
      [
        TestGraphs.node("Conv", ["x", "w"], "a", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]]),
        TestGraphs.node("Conv", ["x", "v"], "b", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]]),
        TestGraphs.node("Concat", ["a", "b"], "joined", ["axis": [1]]), TestGraphs.node("Relu", ["joined"], "y"),
      ], [PassFixture.wave("w", [4, 3, 3, 3]), PassFixture.wave("v", [2, 3, 3, 3], shift: 0.1)], output: [1, 6, 64, 64])
    var after = before
    #expect(ActivationBeforeConcatenation().apply(to: &after) == 1)
    #expect(after.operators == ["Conv", "Relu", "Conv", "Relu", "Concat"])
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
    // The picture is no convolution: it would be copied.
    var other = try PassFixture.model(
      [
        TestGraphs.node("Conv", ["x", "w"], "a", ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]]),
        TestGraphs.node("Concat", ["a", "x"], "joined", ["axis": [1]]), TestGraphs.node("Relu", ["joined"], "y"),
      ], [PassFixture.wave("w", [4, 3, 3, 3])], output: [1, 7, 64, 64])
    #expect(ActivationBeforeConcatenation().apply(to: &other) == 0)
  }

  @Test func givenWindowsOfOneTensor_whenCascaded_thenTheLargerReadTheSmallerAndEveryBitIsTheSame() throws {
    func pool(_ size: Int, _ input: String, _ output: String) -> Onnx_NodeProto {
      TestGraphs.node(
        "MaxPool", [input], output,
        ["kernel_shape": [size, size], "pads": Array(repeating: size / 2, count: 4), "strides": [1, 1]])
    }
    // The largest first, and in between those of another tensor, of which one is too small to help: 13 from 3 would
    // need a window of 11. The maps have 8 x 8 cells, so windows hang over all borders.
    let before = try PassFixture.model(
      [
        TestGraphs.head, TestGraphs.node("Neg", ["map"], "other"), pool(13, "map", "p13"), pool(13, "other", "o13"),
        pool(3, "map", "p3"), pool(3, "other", "o3"), pool(9, "map", "p9"), pool(5, "map", "p5"),
        TestGraphs.node("Concat", ["map", "p3", "p5", "p9", "p13", "o3", "o13"], "y", ["axis": [1]]),
      ], [PassFixture.wave("w", [6, 3, 8, 8])], output: [1, 42, 8, 8])
    var after = before
    #expect(PoolingCascade().apply(to: &after) == 3)
    #expect(after.proto.graph.node.compactMap { $0.integers("kernel_shape")?.first } == [8, 3, 3, 5, 5, 13, 3])
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
    #expect(PoolingCascade().apply(to: &after) == 0)
  }
}
