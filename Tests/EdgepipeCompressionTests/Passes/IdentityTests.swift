import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeONNX

@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct IdentityTests {
  private let weights = PassFixture.wave("w", [6, 3, 8, 8])

  private func transposed(_ input: String, _ output: String, _ order: [Int]) -> Onnx_NodeProto {
    TestGraphs.node("Transpose", [input], output, ["perm": order])
  }

  private func cast(_ input: String, _ output: String, to type: Int32) -> Onnx_NodeProto {
    var node = TestGraphs.node("Cast", [input], output)
    node.set("to", Int(type))
    return node
  }

  /// Checks the operators that are left and that every bit is the same.
  private func check(
    _ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto] = [], left: [String], output: [Int] = [1, 6, 8, 8]
  ) throws {
    let before = try PassFixture.model([TestGraphs.head] + nodes, [weights] + tensors, output: output)
    var after = before
    #expect((IdentityElimination().apply(to: &after) > 0) == (before.operators != ["Conv"] + left))
    #expect(after.operators == ["Conv"] + left)
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
  }

  @Test func givenNodesThatGiveWhatTheyGet_whenEliminated_thenTheRestReadsPastThem() throws {
    let relu = TestGraphs.node("Relu", ["i"], "y")
    let cases: [([Onnx_NodeProto], [Onnx_TensorProto])] = [
      ([TestGraphs.node("Identity", ["map"], "i")], []),
      ([TestGraphs.node("Identity", ["map"], "h"), TestGraphs.node("Dropout", ["h"], "i")], []),
      ([cast("map", "i", to: OnnxElement.float)], []),
      ([TestGraphs.node("Concat", ["map"], "i", ["axis": [1]])], []),
      ([transposed("map", "i", [0, 1, 2, 3])], []),
      ([transposed("map", "h", [0, 2, 3, 1]), transposed("h", "i", [0, 3, 1, 2])], []),
      ([TestGraphs.node("Pad", ["map", "p"], "i")], [.integers("p", Array(repeating: 0, count: 8))]),
      (
        [TestGraphs.node("Slice", ["map", "s", "e", "a"], "i")],
        [.integers("s", [0, 0]), .integers("e", [Int.max, Int(Int32.max)]), .integers("a", [2, 3])]
      ),
      ([TestGraphs.node("Mul", ["map", "one"], "i")], [.floats("one", [], [1])]),
      ([TestGraphs.node("Div", ["map", "one"], "i")], [.floats("one", [], [1])]),
      ([TestGraphs.node("Sub", ["map", "zero"], "i")], [.floats("zero", [], [0])]),
    ]
    for (nodes, tensors) in cases { try check(nodes + [relu], tensors, left: ["Relu"]) }
  }

  @Test func givenAnIdentityThatIsAnOutput_whenEliminated_thenTheOutputKeepsItsName() throws {
    try check([TestGraphs.node("Identity", ["map"], "y")], left: [])
    // Where the tensor before it is read by another as well, it stays.
    try check(
      [TestGraphs.node("Relu", ["map"], "other"), TestGraphs.node("Identity", ["map"], "y")],
      left: ["Relu", "Identity"])
  }

  @Test func givenRowsOfTwo_whenShortened_thenOneIsLeft() throws {
    try check(
      [transposed("map", "h", [0, 2, 3, 1]), transposed("h", "y", [0, 2, 3, 1])], left: ["Transpose"],
      output: [1, 8, 6, 8])
    try check(
      [TestGraphs.node("Reshape", ["map", "a"], "h"), TestGraphs.node("Reshape", ["h", "b"], "y")],
      [.integers("a", [1, 3, 128]), .integers("b", [6, -1])], left: ["Reshape"], output: [6, 64])
    // A zero in the second target copies what the first one made.
    try check(
      [TestGraphs.node("Reshape", ["map", "a"], "h"), TestGraphs.node("Reshape", ["h", "b"], "y")],
      [.integers("a", [1, 3, 128]), .integers("b", [0, 0, 2, 64])], left: ["Reshape", "Reshape"], output: [1, 3, 2, 64])
  }

  @Test func givenNodesThatChangeSomething_whenEliminating_thenTheyStay() throws {
    try check(
      [TestGraphs.node("Slice", ["map", "s", "e", "a"], "y")],
      [.integers("s", [1]), .integers("e", [Int.max]), .integers("a", [2])], left: ["Slice"], output: [1, 6, 7, 8])
    try check(
      [TestGraphs.node("Slice", ["map", "s", "e", "a", "t"], "y")],
      [.integers("s", [0]), .integers("e", [Int.max]), .integers("a", [2]), .integers("t", [2])], left: ["Slice"],
      output: [1, 6, 4, 8])
    try check(
      [TestGraphs.node("Pad", ["map", "p"], "y")], [.integers("p", [0, 0, 1, 0, 0, 0, 0, 0])], left: ["Pad"],
      output: [1, 6, 9, 8])
    // A tensor of shape [1, 1, 1, 1, 1] adds a dimension.
    try check(
      [TestGraphs.node("Mul", ["map", "one"], "y")], [.floats("one", [1, 1, 1, 1, 1], [1])], left: ["Mul"],
      output: [1, 1, 6, 8, 8])
    try check(
      [cast("map", "i", to: OnnxElement.int32), cast("i", "y", to: OnnxElement.float)], left: ["Cast", "Cast"])
  }

  @Test func givenNodesAndTensorsAlike_whenMerged_thenOneOfEachIsLeft() throws {
    let before = try PassFixture.model(
      [
        TestGraphs.head, TestGraphs.node("Relu", ["map"], "a"), TestGraphs.node("Relu", ["map"], "b"),
        TestGraphs.node("Mul", ["a", "f"], "c"), TestGraphs.node("Mul", ["b", "g"], "d"),
        TestGraphs.node("Add", ["c", "d"], "y"),
      ], [weights, PassFixture.wave("f", [6, 1, 1]), PassFixture.wave("g", [6, 1, 1])], output: [1, 6, 8, 8])
    var after = before
    // One tensor, then a Relu, then the products of both.
    #expect(CommonSubexpressions().apply(to: &after) == 3)
    #expect(after.operators == ["Conv", "Relu", "Mul", "Add"])
    #expect(after.proto.graph.initializer.count == 2)
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
  }

  @Test func givenNodesThatDifferOrAreRandom_whenMerging_thenAllStay() throws {
    let nodes = [
      TestGraphs.head, TestGraphs.node("RandomNormalLike", ["map"], "a"),
      TestGraphs.node("RandomNormalLike", ["map"], "b"),
      TestGraphs.node("Softmax", ["a"], "c", ["axis": [1]]), TestGraphs.node("Softmax", ["a"], "d", ["axis": [2]]),
      TestGraphs.node("Sum", ["b", "c", "d"], "y"),
    ]
    // The same bytes as numbers of another type, and in another shape.
    let tensors = [
      weights, .floats("f", [1], [0]), .floats("g", [1, 1], [0]), Onnx_TensorProto.words("h", [0]),
    ]
    var model = try PassFixture.model(nodes, tensors, output: [1, 6, 8, 8])
    #expect(CommonSubexpressions().apply(to: &model) == 0)
  }

  @Test func givenTensorsThatABranchReads_whenRewriting_thenTheyKeepTheirNames() throws {
    // The branches read `i` and `kept` by name, from outside.
    func branch(_ name: String, _ node: Onnx_NodeProto) -> Onnx_AttributeProto {
      var attribute = Onnx_AttributeProto()
      (attribute.name, attribute.type) = (name, .graph)
      attribute.g.name = name
      attribute.g.node = [node]
      attribute.g.output = [.tensor(node.output[0], [1, 6, 8, 8].map { .fixed($0) })]
      return attribute
    }
    var choice = TestGraphs.node("If", ["condition"], "y")
    choice.attribute = [
      branch("then_branch", TestGraphs.node("Relu", ["i"], "then")),
      branch("else_branch", TestGraphs.node("Add", ["i", "kept"], "else")),
    ]
    let before = try PassFixture.model(
      [
        TestGraphs.head, TestGraphs.node("Identity", ["map"], "i"), TestGraphs.node("ReduceMax", ["map"], "top"),
        TestGraphs.node("Greater", ["top", "zero"], "condition"), choice,
      ],
      [
        weights, .floats("zero", [1, 1, 1, 1], [0]), PassFixture.wave("same", [6, 1, 1]),
        PassFixture.wave("kept", [6, 1, 1]),
      ],
      output: [1, 6, 8, 8])
    var after = before
    GraphPasses.apply(to: &after, engine: try PassFixture.engine())
    #expect(after.operators.contains("Identity"))
    #expect(after.proto.graph.initializer.contains { $0.name == "kept" })
    #expect(try PassFixture.outputs(before) == PassFixture.outputs(after))
  }
}
