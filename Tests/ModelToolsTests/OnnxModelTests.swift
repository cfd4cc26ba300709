import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import ModelTools

@Suite struct OnnxModelTests {
  private func model() throws -> Data {
    try TestGraphs.model([TestGraphs.head], [TestGraphs.weights], output: [1, 6, 8, 8])
  }

  @Test func givenAModel_whenCutAnywhere_thenItIsRefusedOrStillSound() throws {
    let whole = try model()
    var refused = 0
    for length in 0..<whole.count {
      do {
        // What follows the operator sets may be missing without a trace; nothing else may.
        let cut = try OnnxModel(data: whole.prefix(length), name: "cut")
        #expect(cut.proto.graph.node.count == 1 && !cut.proto.opsetImport.isEmpty)
      } catch let error as PipelineError {
        #expect(error.exit == .dataError)
        refused += 1
      }
    }
    #expect(refused > whole.count - 10)
  }

  @Test func givenGarbageOrFlippedBytes_whenRead_thenNothingCrashes() throws {
    var generator = SystemRandomNumberGenerator()
    for length in 0..<400 {
      let garbage = Data((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
      #expect(throws: PipelineError.self) { try OnnxModel(data: garbage, name: "garbage") }
    }
    let whole = try model()
    var survived = 0, refused = 0
    for _ in 0..<2000 {
      var changed = whole
      // The head of the file holds its structure; the weights' bytes may be anything.
      changed[Int.random(in: 0..<300, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      do {
        _ = try OnnxShapes.freeingInputSize(of: changed, head: nil)
        survived += 1
      } catch let error as PipelineError {
        #expect(error.exit == .dataError)
        refused += 1
      }
    }
    #expect(survived + refused == 2000)
    #expect(refused > 0)
  }

  @Test func givenATensorWithTooFewBytes_whenRead_thenItIsNamed() throws {
    var tensor = TestGraphs.weights
    tensor.rawData.removeLast()
    let data = try TestGraphs.model([TestGraphs.head], [tensor], output: [1, 6, 8, 8])
    let error = #expect(throws: PipelineError.self) { try OnnxModel(data: data, name: "short") }
    #expect(error?.message.contains("tensor 'w' of 4607 bytes") == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [[-1], [1 << 40, 1 << 40], [Int.max, 2]])
  func givenAnImpossibleShape_whenRead_thenItIsRefused(shape: [Int]) throws {
    var tensor = TestGraphs.weights
    tensor.dims = shape.map { Int64($0) }
    let data = try TestGraphs.model([TestGraphs.head], [tensor], output: [1, 6, 8, 8])
    #expect(throws: PipelineError.self) { try OnnxModel(data: data, name: "shape") }
  }

  @Test func givenTensorsInAnotherFile_whenRead_thenOnlyThoseOfTheFolderAreTakenIn() throws {
    let folder = try TestData.temporaryFolder("external")
    defer { try? FileManager.default.removeItem(at: folder) }
    let inner = folder.appendingPathComponent("model")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    let bytes = Data((0..<4608).map { UInt8($0 % 251) })
    try (Data(count: 16) + bytes).write(to: inner.appendingPathComponent("w.bin"))
    try bytes.write(to: folder.appendingPathComponent("secret.bin"))
    try FileManager.default.createSymbolicLink(
      at: inner.appendingPathComponent("link.bin"), withDestinationURL: folder.appendingPathComponent("secret.bin"))

    func read(_ facts: [String: String]) throws -> OnnxModel {
      var tensor = TestGraphs.weights
      tensor.clearRawData()
      tensor.dataLocation = .external
      tensor.externalData = facts.sorted { $0.key < $1.key }.map { key, value in
        var entry = Onnx_StringStringEntryProto()
        (entry.key, entry.value) = (key, value)
        return entry
      }
      let file = inner.appendingPathComponent("a.onnx")
      try TestGraphs.model([TestGraphs.head], [tensor], output: [1, 6, 8, 8]).write(to: file)
      return try OnnxModel(contentsOf: file)
    }
    #expect(try read(["location": "w.bin", "offset": "16"]).proto.graph.initializer[0].rawData == bytes)
    for facts in [
      ["location": "../secret.bin"], ["location": "link.bin"], ["location": "/etc/hostname"], ["location": ""],
      ["location": "w.bin", "offset": "-1"], ["location": "w.bin", "offset": "99999"],
      ["location": "w.bin", "length": "9223372036854775807", "offset": "1"], ["location": "missing.bin"],
    ] {
      #expect(throws: PipelineError.self, "\(facts)") { try read(facts) }
    }
  }

  @Test(.enabled(if: ModelFiles.yoloxNano != nil && TestData.python != nil, "needs yolox_nano.onnx and .deps/python"))
  func givenAModel_whenReadAndWritten_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("roundtrip")
    defer { try? FileManager.default.removeItem(at: folder) }
    let original = try #require(ModelFiles.yoloxNano), copy = folder.appendingPathComponent("copy.onnx")
    try OnnxModel(contentsOf: original).write(to: copy)
    let script = """
      import sys, numpy as np, onnxruntime as ort
      x = np.random.default_rng(1).random((1, 3, 416, 416), dtype=np.float32) * 255
      a, b = (ort.InferenceSession(p, providers=["CPUExecutionProvider"]).run(None, {"images": x})[0]
              for p in sys.argv[1:3])
      print("same" if (a == b).all() else "different")
      """
    #expect(try ModelFiles.python(script, [original.path, copy.path]) == "same\n")
  }
}
