@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// What detectors do with their last tensors, run as it stands and rewritten for channels that lie last.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct ChannelsLastTailTests {
  /// `a` is the picture, 1 x 3 x 4 x 5, and `b` twice as much.
  private static let makers: [Onnx_NodeProto] = [.make("Identity", ["x"], "a"), .make("Add", ["x", "x"], "b")]
  private static let stored: [Onnx_TensorProto] = [.integers("rows", [1, 6, -1]), .integers("eights", [1, -1, 3])]

  private func node(
    _ type: String, _ inputs: [String], _ output: String, _ fill: (inout Onnx_NodeProto) -> Void = { _ in }
  )
    -> Onnx_NodeProto
  {
    var node = Onnx_NodeProto.make(type, inputs, output)
    fill(&node)
    return node
  }

  private func run(_ nodes: [Onnx_NodeProto], _ stored: [Onnx_TensorProto], _ outputs: [String]) throws -> [[Float]] {
    var proto = Onnx_ModelProto()
    proto.irVersion = 8
    proto.opsetImport = [.version(13, of: ""), .version(1, of: OnnxModel.ownDomain)]
    proto.graph.name = "test"
    proto.graph.node = nodes
    proto.graph.initializer = stored
    proto.graph.input = [.tensor("x", [.fixed(1), .fixed(3), .fixed(4), .fixed(5)])]
    proto.graph.output = outputs.map { .tensor($0, [.free(), .free(), .free()]) }
    for index in proto.graph.output.indices { proto.graph.output[index].type.tensorType.clearShape() }
    let engine = try ONNXRuntimeEngine(libraryPath: TestData.onnxRuntimeLibrary?.path)
    let session = try engine.makeSession(
      model: OnnxModel(proto: proto, name: "test").serialized(), options: SessionOptions(modelName: "test"))
    let tensor = Tensor(shape: [1, 3, 4, 5], pool: BufferPool())
    // SAFETY: within the tensor.
    unsafe tensor.withFloats { for index in $0.indices { unsafe $0[index] = Float(index) / 20 - 1 } }
    // SAFETY: copied while the outputs are lent.
    return try session.run(tensor) { result in
      result.outputs.map { output in unsafe output.shape.map { Float($0) } + Array(output.values) }
    }
  }

  /// Runs `nodes` as they are and rewritten; gives the rewritten ones.
  private func checked(_ nodes: [Onnx_NodeProto], _ outputs: [String]) throws -> [Onnx_NodeProto] {
    let plain = try run(Self.makers + nodes, Self.stored, outputs)
    let tail = ChannelsLastTail(
      nodes, channels: ["a": 3, "b": 3],
      stored: Dictionary(Self.stored.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }), outputs: outputs)
    var makers: [Onnx_NodeProto] = [.make("Add", ["x", "x"], "twice")]
    for (source, name) in [("x", "a"), ("twice", "b")] {
      makers.append(node("Transpose", [source], ChannelsLastTail.name(of: name)) { $0.set("perm", [0, 2, 3, 1]) })
    }
    #expect(try run(makers + tail.nodes, Self.stored + tail.stored, outputs) == plain)
    return tail.nodes
  }

  @Test func givenScoresJoinedToRowsWhenRewrittenThenNothingIsTurned() throws {
    let made = try checked(
      [
        node("Sigmoid", ["a"], "scores"),
        node("Concat", ["scores", "b"], "both") { $0.set("axis", 1) },
        node("Reshape", ["both", "rows"], "flat"),
        node("Concat", ["flat", "flat"], "levels") { $0.set("axis", 2) },
        node("Transpose", ["levels"], "y") { $0.set("perm", [0, 2, 1]) },
      ], ["y"])
    #expect(!made.contains { $0.opType == "Transpose" })
  }

  /// Two levels of scores beside boxes.
  private func levels() -> [Onnx_NodeProto] {
    [
      node("Sigmoid", ["a"], "scores1"),
      node("Concat", ["scores1", "b"], "both1") { $0.set("axis", 1) },
      node("Sigmoid", ["b"], "scores2"),
      node("Concat", ["scores2", "a"], "both2") { $0.set("axis", 1) },
      node("Reshape", ["both1", "rows"], "flat1"),
      node("Reshape", ["both2", "rows"], "flat2"),
      node("Concat", ["flat1", "flat2"], "levels") { $0.set("axis", 2) },
      node("Transpose", ["levels"], "y") { $0.set("perm", [0, 2, 1]) },
    ]
  }

  @Test func givenLevelsOfScoresAndBoxesWhenRewrittenThenOneOperatorMakesTheRows() throws {
    #expect(try checked(levels(), ["y"]).map(\.opType) == ["Sigmoid", "Sigmoid", "JoinedRows", "Identity"])
  }

  @Test func givenALevelThatIsReadBesideWhenRewrittenThenItIsStillMade() throws {
    let made = try checked(levels(), ["y", "flat1"])
    #expect(!made.contains { $0.opType == "JoinedRows" })
  }

  @Test func givenAHeadThatTurnsItsTensorWhenRewrittenThenItNeedNot() throws {
    let made = try checked(
      [
        node("Transpose", ["a"], "turned") { $0.set("perm", [0, 2, 3, 1]) },
        node("Reshape", ["turned", "eights"], "y"),
      ], ["y"])
    #expect(made.map(\.opType) == ["Identity", "Reshape"])
  }

  @Test func givenAnOperatorThatWantsPlanesWhenRewrittenThenTheyAreRestoredOnce() throws {
    let pool: (inout Onnx_NodeProto) -> Void = { $0.set("kernel_shape", [2, 2]) }
    let made = try checked(
      [node("MaxPool", ["a"], "p", pool), node("Sigmoid", ["p"], "y"), node("AveragePool", ["a"], "z", pool)],
      ["y", "z"])
    #expect(made.filter { $0.opType == "Transpose" }.map(\.output) == [["a"]])
  }

  @Test func givenOutputsInEitherFormWhenRewrittenThenTheyLieAsBefore() throws {
    _ = try checked(
      [
        node("Concat", ["a", "b"], "both") { $0.set("axis", 1) },
        node("Reshape", ["both", "rows"], "flat"),
        node("Identity", ["a"], "same"),
      ], ["flat", "same", "both"])
  }

  /// Turned in another way, and joined along the rows: what no rule covers.
  @Test func givenOtherTurnsAndAxesWhenRewrittenThenTheOutputsAreTheSame() throws {
    _ = try checked(
      [
        node("Transpose", ["a"], "t") { $0.set("perm", [0, 3, 1, 2]) },
        node("Concat", ["a", "b"], "u") { $0.set("axis", 2) },
        node("Reshape", ["a", "eights"], "v"),
      ], ["t", "u", "v"])
  }
}
