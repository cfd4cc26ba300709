import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct ConstantFoldingTests {
  private let weights = PassFixture.wave("w", [6, 3, 8, 8])

  private func folded(_ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto], output: [Int] = [1, 6, 8, 8]) throws
    -> OnnxModel
  {
    let before = try PassFixture.model(nodes, tensors, output: output)
    var after = before
    _ = ConstantFolding(engine: try PassFixture.engine()).apply(to: &after)
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
    var again = before
    _ = ConstantFolding(engine: try PassFixture.engine()).apply(to: &again)
    #expect(try after.serialized() == again.serialized())
    return after
  }

  @Test func givenFloatsComputedFromStoredOnes_whenFolded_thenTheResultIsStored() throws {
    let model = try folded(
      [
        TestGraphs.node("Sqrt", ["v"], "root"), TestGraphs.node("Div", ["one", "root"], "factor"), TestGraphs.head,
        TestGraphs.node("Min", ["map", "factor"], "y"),
      ], [weights, PassFixture.wave("v", [6, 1, 1], shift: 2), .floats("one", [], [1])])
    #expect(model.operators == ["Conv", "Min"])
    #expect(model.proto.graph.initializer.map(\.name).sorted() == ["factor", "w"])
  }

  /// Ends of slices are the largest integers there are: no digit may be lost.
  @Test func givenWholeNumbersOfAnySize_whenFolded_thenEachDigitIsKept() throws {
    let values = [Int.max, Int.min, Int.max - 1, -1, 0, 1, -(1 << 53) - 1, (1 << 44) + (1 << 22) - 1]
    let model = try folded(
      [
        TestGraphs.node("Identity", ["numbers"], "same"), TestGraphs.node("Gather", ["same", "last"], "end"),
        TestGraphs.head, TestGraphs.node("Slice", ["map", "start", "end"], "cut"),
        TestGraphs.node("Shape", ["same"], "shape"), TestGraphs.node("Equal", ["same", "numbers"], "equal"),
        TestGraphs.node("Cast", ["equal"], "ones", ["to": []]).casting(to: OnnxElement.float),
        TestGraphs.node("ReduceSum", ["ones"], "sum"), TestGraphs.node("Mul", ["cut", "sum"], "y"),
      ], [weights, .integers("numbers", values), .integers("last", [0]), .integers("start", [0])])
    #expect(model.operators == ["Conv", "Slice", "Mul"])
    let tensors = model.storedTensors()
    #expect(tensors["end"]?.int64Data == [.max])
    #expect(tensors["sum"]?.allFloats() == [8])

    // Each by itself, through the engine and back.
    var alone = try PassFixture.model(
      [
        TestGraphs.node("Add", ["numbers", "zero"], "copy"), TestGraphs.head,
        TestGraphs.node("Tile", ["map", "copy"], "y"),
      ],
      [weights, .integers("numbers", values), .integers("zero", [0])], output: [1, 6, 8, 8])
    #expect(ConstantFolding(engine: try PassFixture.engine()).apply(to: &alone) == 1)
    #expect(alone.storedTensors()["copy"]?.int64Data == values.map { Int64($0) })
  }

  @Test func givenRandomOrLargeOrDequantizedResults_whenFolding_thenTheyStayComputed() throws {
    var model = try PassFixture.model(
      [
        TestGraphs.node("RandomNormalLike", ["w"], "noise"), TestGraphs.node("Add", ["w", "noise"], "noisy"),
        TestGraphs.node("Conv", ["x", "noisy"], "map", ["strides": [8, 8], "kernel_shape": [8, 8]]),
        // A megabyte out of four numbers.
        TestGraphs.node("Expand", ["one", "shape"], "table"), TestGraphs.node("ReduceMax", ["table"], "top"),
        TestGraphs.node("DequantizeLinear", ["bytes", "scale"], "expanded"),
        TestGraphs.node("Mul", ["map", "expanded"], "m"),
        TestGraphs.node("Slice", ["table", "zero", "six"], "part"), TestGraphs.node("Add", ["x", "table"], "x1"),
        TestGraphs.node("Sum", ["m", "one", "x1"], "y"),
      ],
      [
        weights, .floats("one", [1], [1]), .integers("shape", [1, 8, 256, 256]),
        .bytes("bytes", [6, 1, 1], [1, 2, 3, 4, 5, 6]),
        .floats("scale", [], [0.5]), .integers("zero", [0]), .integers("six", [6]),
      ], output: [1, 6, 8, 8])
    _ = ConstantFolding(engine: try PassFixture.engine()).apply(to: &model)
    for left in ["RandomNormalLike", "DequantizeLinear", "Expand"] { #expect(model.operators.contains(left)) }
    #expect(try model.serialized().count < 20_000)
  }

  @Test func givenAPartThatTheEngineRefuses_whenFolding_thenTheModelIsAsItWas() throws {
    // Two shapes that do not meet.
    var model = try PassFixture.model(
      [TestGraphs.node("Add", ["a", "b"], "c"), TestGraphs.head, TestGraphs.node("Mul", ["map", "c"], "y")],
      [weights, PassFixture.wave("a", [3]), PassFixture.wave("b", [4])], output: [1, 6, 8, 8])
    let before = model.proto
    #expect(ConstantFolding(engine: try PassFixture.engine()).apply(to: &model) == 0)
    #expect(model.proto == before)
  }
}

extension Onnx_NodeProto {
  fileprivate func casting(to type: Int32) -> Onnx_NodeProto {
    var node = without("to")
    node.set("to", Int(type))
    return node
  }
}
