import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX

/// Models that choose among their boxes themselves.
@Suite(.enabled(if: TestData.onnxRuntimeLibrary != nil, "needs the inference library (scripts/setup)"))
struct SelectionInsideTests {
  /// Boxes and scores from a convolution with batch normalization; the boxes that non-maximum suppression keeps go out.
  private func model() throws -> OnnxModel {
    var kept = TestGraphs.node("Gather", ["boxes", "index"], "y", ["axis": [1]])
    kept.name = "kept"
    return try PassFixture.model(
      [
        TestGraphs.node("Identity", ["x"], "same"),
        TestGraphs.node("Conv", ["same", "w"], "sum", ["strides": [8, 8], "kernel_shape": [8, 8]]),
        TestGraphs.node("BatchNormalization", ["sum", "gamma", "beta", "beta", "gamma"], "map"),
        TestGraphs.node("Reshape", ["map", "target"], "rows"),
        TestGraphs.node("Transpose", ["rows"], "cells", ["perm": [0, 2, 1]]),
        TestGraphs.node("Slice", ["cells", "zero", "four", "two"], "boxes"),
        TestGraphs.node("Slice", ["rows", "four", "five", "one"], "scores"),
        TestGraphs.node("NonMaxSuppression", ["boxes", "scores", "most", "overlap", "least"], "chosen"),
        TestGraphs.node("Gather", ["chosen", "two0"], "index", ["axis": [1]]), kept,
      ],
      [
        PassFixture.wave("w", [6, 3, 8, 8], scale: 0.1), PassFixture.wave("gamma", [6], shift: 2),
        PassFixture.wave("beta", [6]),
        .integers("target", [1, 6, -1]), .integers("zero", [0]), .integers("one", [1]), .integers("two", [2]),
        .integers("four", [4]), .integers("five", [5]), .integers("most", [20]), .floats("overlap", [1], [0.5]),
        .floats("least", [1], [0.0]), .integers("two0", [2]).withoutDimensions,
      ], output: [1, 20, 4])
  }

  private func freeOutput(_ model: OnnxModel) -> OnnxModel {
    var model = model
    model.proto.graph.output[0].type.tensorType.shape.dim = [.fixed(1), .free(), .fixed(4)]
    return model
  }

  @Test func givenNonMaximumSuppressionInside_whenPassesAreApplied_thenOnlyThoseThatKeepEveryBitAre() throws {
    let before = freeOutput(try model())
    let boxes = try PassFixture.outputs(before)
    #expect(boxes.count >= 4 && boxes.count % 4 == 0)
    var after = before
    let counts = GraphPasses.apply(to: &after, engine: try PassFixture.engine())
    #expect(counts.filter { $0.count > 0 }.map(\.name) == ["identities"])
    #expect(after.operators == before.operators.filter { $0 != "Identity" })
    #expect(try PassFixture.outputs(after) == boxes)
  }

  @Test func givenNonMaximumSuppressionInside_whenItsSizeIsFreed_thenTheOperatorIsNamedAndNothingChanges() throws {
    var model = freeOutput(try model())
    let before = model.proto
    let error = #expect(throws: PipelineError.self) { try OnnxShapes.free(&model) }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("NonMaxSuppression") == true, "\(error?.message ?? "")")
    #expect(model.proto == before)
  }

  @Test func givenNonMaximumSuppressionInside_whenTheRegionIsCut_thenEverythingFromTheBoxesOnStaysInFloats() throws {
    var model = freeOutput(try model())
    _ = BatchNormalizationFolding().apply(to: &model)
    _ = IdentityElimination().apply(to: &model)
    // The one convolution is right before the boxes: nothing is left for integers, and that is said.
    let error = #expect(throws: PipelineError.self) { try IntegerRegion(model, inputSize: 64) }
    #expect(error?.exit == .dataError && error?.remedy?.contains("float32") == true)
  }
}

extension Onnx_TensorProto {
  fileprivate var withoutDimensions: Onnx_TensorProto {
    var copy = self
    copy.dims = []
    return copy
  }
}
