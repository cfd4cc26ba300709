import ModelTestSupport
@testable import EdgepipeCore
import Foundation
import Testing

@testable import EdgepipeONNX

@Suite struct OnnxBatchTests {
  private func graph(_ data: Data) throws -> Onnx_GraphProto { try OnnxModel(data: data, name: "t").proto.graph }

  @Test func givenAReshapeToOnePicture_whenTheBatchIsFreed_thenItCopiesTheBatchAndOtherUsersKeepTheirNumbers() throws {
    // `s` is both a reshape's target and an operand of Add: only the reshape may see another one.
    let model = try TestGraphs.model(
      [
        TestGraphs.head, TestGraphs.node("Reshape", ["map", "s"], "y"), TestGraphs.node("Add", ["s", "s"], "twice"),
      ], [TestGraphs.weights, TestGraphs.integers("s", [1, 6, -1])], output: [1, 6, 64])
    let freed = try graph(OnnxShapes.freeingBatch(of: model))
    #expect(freed.input[0].type.tensorType.shape.dim.map(\.size) == [nil, 3, 64, 64])
    #expect(freed.output[0].type.tensorType.shape.dim.map(\.size) == [nil, 6, 64])
    let target = try #require(freed.initializer.first { $0.name == freed.node[1].input[1] })
    #expect(target.integers() == [0, 6, -1])
    #expect(freed.node[2].input == ["s", "s"])
    #expect(freed.initializer.first { $0.name == "s" }?.integers() == [1, 6, -1])
  }

  @Test func givenAReshapeWhoseFirstSizeIsNoBatch_whenTheBatchIsFreed_thenItStays() throws {
    let model = try TestGraphs.model(
      [TestGraphs.head, TestGraphs.node("Reshape", ["map", "s"], "y")],
      [TestGraphs.weights, TestGraphs.integers("s", [-1, 6])], output: [64, 6])
    let freed = try graph(OnnxShapes.freeingBatch(of: model))
    #expect(freed.node[1].input[1] == "s")
    #expect(freed.output[0].type.tensorType.shape.dim.map(\.size) == [64, 6])
  }

  @Test func givenABatchThatIsFree_whenFreed_thenNothingChanges() throws {
    let model = try TestGraphs.model([TestGraphs.head], [TestGraphs.weights], output: [1, 6, 8, 8])
    let freed = try OnnxShapes.freeingBatch(of: model)
    #expect(freed != model)
    #expect(try OnnxShapes.freeingBatch(of: freed) == freed)
  }

  @Test func givenNoPicture_whenFreed_thenItIsRefused() throws {
    #expect(throws: PipelineError.self) { try OnnxShapes.freeingBatch(of: Data("no model".utf8)) }
  }
}
