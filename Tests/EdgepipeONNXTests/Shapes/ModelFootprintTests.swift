import ModelTestSupport
@testable import EdgepipeCore
import Testing

@testable import EdgepipeONNX

@Suite("What a model needs to run")
struct ModelFootprintTests {
  /// `x` 1x3x64x64, `map` 1x6x8x8, `a` and `b` as `map`, `y` their sum.
  private func branched() throws -> OnnxModel {
    try OnnxModel(
      data: TestGraphs.model(
        [
          TestGraphs.head, TestGraphs.node("Relu", ["map"], "a"), TestGraphs.node("Sigmoid", ["map"], "b"),
          TestGraphs.node("Add", ["a", "b"], "y"),
        ], [TestGraphs.weights], output: [1, 6, 8, 8]), name: "branched")
  }

  @Test("given a graph counted by hand, when looked at, then weights and the most that lives at once are its own")
  func byHand() throws {
    let model = try branched()
    let small = try ModelFootprint(model, shapes: model, height: 64, width: 64)
    // 6 x 3 x 8 x 8 floats.
    #expect(small.weightBytes == 6 * 3 * 64 * 4)
    // While the convolution runs: the picture (3 x 64 x 64 floats) and its result (6 x 8 x 8).
    #expect(small.activationBytes == (3 * 64 * 64 + 6 * 64) * 4)
    let large = try ModelFootprint(model, shapes: model, height: 128, width: 64)
    #expect(large.activationBytes == (3 * 128 * 64 + 6 * 128) * 4)
    #expect(large.bytes == large.weightBytes + large.activationBytes)
  }

  @Test("given a tensor that a later node reads, when looked at, then it counts until then")
  func branches() throws {
    // A picture so small that the branches are the most: 8x8 gives map 1x6x1x1; the pixels go after the convolution.
    var model = try branched()
    let wide = TestGraphs.node("Concat", Array(repeating: "map", count: 4), "wide", ["axis": [1]])
    let wider = TestGraphs.node("Concat", Array(repeating: "wide", count: 12), "wider", ["axis": [1]])
    model.proto.graph.node.insert(contentsOf: [wide, wider], at: 1)
    model.proto.graph.node.append(TestGraphs.node("Relu", ["wider"], "last"))
    model.proto.graph.output = [.tensor("last", [.free()])]
    let footprint = try ModelFootprint(model, shapes: model, height: 8, width: 8)
    // The most is at the end: `wider` and `last`, 12 x 4 x 6 values each. While `wider` is made it has only `wide` (24)
    // and `map` (6), which Relu and Sigmoid still read, beside it.
    #expect(footprint.activationBytes == 2 * 288 * 4)
  }

  @Test("given integers beside a float model's shapes, when looked at, then a value of theirs is a byte")
  func integers() throws {
    let float = try branched()
    var integer = float
    var patches = Onnx_NodeProto.make("PixelPatches", ["x"], "x/bytes", domain: "ai.edgepipe")
    patches.set("patch", 3)
    patches.set("stride", 2)
    patches.set("pads", [1, 1, 1, 1])
    integer.proto.graph.node = [patches, .make("QLinearConv", ["x/bytes"], "map/bytes", domain: "com.microsoft")]
    integer.proto.graph.input[0].type.tensorType.elemType = OnnxElement.uint8
    integer.proto.graph.output = [.tensor("map/bytes", [.free()])]
    let footprint = try ModelFootprint(integer, shapes: float, height: 64, width: 64)
    // The picture's bytes and the patches: 32 x 32 places of 3 x 3 x 3 bytes, rounded up to 28.
    #expect(footprint.activationBytes == 3 * 64 * 64 + 32 * 32 * 28)
    #expect(throws: PipelineError.self) { try ModelFootprint(integer, shapes: integer, height: 64, width: 64) }
  }
}
