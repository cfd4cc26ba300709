import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeONNX

@Suite struct OnnxDescriptionTests {
  private func describe(
    _ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto], metadata: [String: String] = [:]
  ) throws -> ModelDescription {
    var model = try OnnxModel(data: TestGraphs.model(nodes, tensors, output: [1, 84, 85]), name: "test")
    for (key, value) in metadata {
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      model.proto.metadataProps.append(entry)
    }
    return ModelDescription(model)
  }

  /// YOLOX's three branches: boxes, objectness and classes, joined.
  private func yolox(isDecoded: Bool) -> ([Onnx_NodeProto], [Onnx_TensorProto]) {
    let channels = [("box", 4), ("object", 1), ("class", 80)]
    var nodes = channels.map { TestGraphs.node("Conv", ["x", "w-\($0.0)"], $0.0, ["kernel_shape": [1, 1]]) }
    nodes += [
      TestGraphs.node("Sigmoid", ["object"], "o"), TestGraphs.node("Sigmoid", ["class"], "c"),
      TestGraphs.node("Concat", ["box", "o", "c"], "joined", ["axis": [1]]),
      TestGraphs.node(isDecoded ? "Exp" : "Identity", ["joined"], "y"),
    ]
    return (nodes, channels.map { TestGraphs.floats("w-\($0.0)", [$0.1, 3, 1, 1]) })
  }

  @Test func givenYOLOXsBranches_whenTraced_thenTheirChannelsAndTheExponentialAreSeen() throws {
    let raw = yolox(isDecoded: false), decoded = yolox(isDecoded: true)
    #expect(try describe(raw.0, raw.1).evidence == OutputEvidence(channels: [1, 4, 80]))
    #expect(try describe(decoded.0, decoded.1).evidence == OutputEvidence(channels: [1, 4, 80], hasExponential: true))
  }

  /// An exponential in front of the last convolution says nothing of its output; a mean over bins is no last convolution.
  @Test func givenWhatLiesBeforeTheLastConvolution_whenTraced_thenItIsNotLookedAt() throws {
    let nodes = [
      TestGraphs.node("Exp", ["x"], "e"), TestGraphs.node("Conv", ["e", "w"], "bins"),
      TestGraphs.node("Softmax", ["bins"], "s", ["axis": [1]]), TestGraphs.node("Transpose", ["s"], "t"),
      TestGraphs.node("Conv", ["t", "mean"], "y"),
    ]
    let found = try describe(
      nodes, [TestGraphs.floats("w", [64, 3, 1, 1]), TestGraphs.floats("mean", [1, 16, 1, 1])])
    #expect(found.evidence == OutputEvidence(channels: [64], hasSoftmax: true))
  }

  /// Convolutions alone take any number of pictures; a reshape to a stated number does not.
  @Test func givenSeveralPicturesAtATime_whenDescribed_thenTheyAreOneWhereTheGraphIsTiedToNoNumber() throws {
    let weights = TestGraphs.floats("w", [6, 3, 1, 1]),
      conv = TestGraphs.node("Conv", ["x", "w"], "c", ["kernel_shape": [1, 1]])
    func described(_ last: Onnx_NodeProto, _ tensors: [Onnx_TensorProto]) throws -> ModelDescription {
      var model = try OnnxModel(
        data: TestGraphs.model([conv, last], [weights] + tensors, output: [4, 6, 32, 32]), name: "test")
      model.proto.graph.input[0].type.tensorType.shape.dim = [.fixed(4), .fixed(3), .fixed(32), .fixed(32)]
      return ModelDescription(model)
    }
    let free = try described(TestGraphs.node("Relu", ["c"], "y"), [])
    #expect(free.needsFreeing)
    #expect(free.inputs.first?.shape == [1, 3, 32, 32])
    #expect(free.outputs.first?.shape == [1, 6, 32, 32])
    let tied = try described(TestGraphs.node("Reshape", ["c", "to"], "y"), [.integers("to", [4, 6, 32, 32])])
    #expect(!tied.needsFreeing)
    #expect(tied.inputs.first?.shape == [4, 3, 32, 32])
  }

  @Test func givenQuantisedOperators_whenDescribed_thenThePrecisionIsTheirs() throws {
    let conv = TestGraphs.node("Conv", ["x", "w"], "y"), weights = TestGraphs.floats("w", [6, 3, 1, 1])
    #expect(try describe([conv], [weights]).precision == "float32")
    let quantised = [
      TestGraphs.node("QuantizeLinear", ["x", "scale"], "q"), TestGraphs.node("DequantizeLinear", ["q", "scale"], "d"),
      TestGraphs.node("Conv", ["d", "w"], "y"),
    ]
    #expect(try describe(quantised, [weights, TestGraphs.floats("scale", [1])]).precision == "int8")
    var half = TestGraphs.floats("w", [6, 3, 1, 1])
    half.dataType = Int32(Onnx_TensorProto.DataType.float16.rawValue)
    half.rawData = Data(count: 36)
    #expect(try describe([conv], [half]).precision == "float16")
  }

  @Test func givenTheExportersMetadata_whenDescribed_thenItIsRead() throws {
    let found = try describe([TestGraphs.head], [TestGraphs.weights], metadata: ["names": "{0: 'a'}", "task": "pose"])
    #expect(found.metadata.names == ["a"] && found.metadata.task == "pose")
    #expect(found.inputs.map(\.element) == [.float32])
  }

  /// What import accepts, the check of a run accepts; what it refuses is refused before anything lies in the store.
  @Test func givenAFileForFourPictures_whenImported_thenItIsRefusedWithTheReason() throws {
    let folder = try TestData.temporaryFolder("import")
    defer { try? FileManager.default.removeItem(at: folder) }
    var model = try OnnxModel(
      data: TestGraphs.model([TestGraphs.head], [TestGraphs.weights], output: [4, 6, 84]), name: "t")
    model.proto.graph.input = [.tensor("x", [4, 3, 64, 64].map { .fixed($0) })]
    let file = folder.appendingPathComponent("four.onnx")
    try model.write(to: file)
    let store = ModelStore(folder: folder.appendingPathComponent("store"))
    let error = #expect(throws: (any Error).self) { try ModelImport(store: store).onnx(file, ModelImport.Options()) }
    #expect("\(try #require(error))".contains("batches of 4 pictures"))
    #expect(store.installedNames().isEmpty)
  }
}
