import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import EdgepipeONNX

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
        _ = try OnnxShapes.freeingInputSize(of: changed)
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

  // MARK: - Tensors elsewhere than among the weights

  /// `external` says where its bytes are, but is no weight: it is the value of a Constant.
  private func external(_ facts: [String: String], count: Int = 4) -> Onnx_TensorProto {
    var tensor = TestGraphs.floats("far", [count])
    tensor.clearRawData()
    tensor.dataLocation = .external
    tensor.externalData = facts.sorted { $0.key < $1.key }.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    return tensor
  }

  private func constant(_ tensor: Onnx_TensorProto) -> Onnx_NodeProto {
    var node = TestGraphs.node("Constant", [], "c")
    var value = Onnx_AttributeProto()
    (value.name, value.type, value.t) = ("value", .tensor, tensor)
    node.attribute = [value]
    return node
  }

  /// The node inside of a branch of an If.
  private func branch(_ inner: Onnx_NodeProto) -> Onnx_NodeProto {
    var node = TestGraphs.node("If", ["x"], "y")
    var graph = Onnx_AttributeProto()
    (graph.name, graph.type) = ("then_branch", .graph)
    graph.g.node = [inner]
    node.attribute = [graph]
    return node
  }

  @Test func givenATensorInAnotherFileAnywhereInTheModel_whenReadFromMemory_thenItIsRefused() throws {
    let far = external(["location": "w.bin"])
    var function = Onnx_FunctionProto()
    function.name = "f"
    function.node = [constant(far)]
    let inFunction = try OnnxModel(
      proto: {
        var model = try Onnx_ModelProto(serializedBytes: self.model())
        model.functions = [function]
        return model
      }(), name: "t"
    ).serialized()
    let models = [
      try TestGraphs.model([constant(far)], [], output: [4]),
      try TestGraphs.model([branch(constant(far))], [], output: [4]),
      try TestGraphs.model([branch(branch(constant(far)))], [], output: [4]),
      inFunction,
    ]
    for (index, data) in models.enumerated() {
      let error = #expect(throws: PipelineError.self, "\(index)") { try OnnxModel(data: data, name: "t") }
      #expect(error?.message.contains("tensor 'far' in another file, 'w.bin'") == true, "\(error?.message ?? "")")
      #expect(error?.remedy?.contains("import") == true)
    }
  }

  @Test func givenAChecksum_whenTheFileHasAnother_thenItIsRefused() throws {
    let folder = try TestData.temporaryFolder("checksum")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("abc 4 floats 16b".utf8).write(to: folder.appendingPathComponent("w.bin"))
    func read(_ checksum: String) throws -> OnnxModel {
      let file = folder.appendingPathComponent("a.onnx")
      let node = constant(external(["location": "w.bin", "checksum": checksum]))
      try TestGraphs.model([node], [], output: [4]).write(to: file)
      return try OnnxModel(contentsOf: file)
    }
    // printf 'abc 4 floats 16b' | sha1sum
    let model = try read("4beb4609d4cb1489139eda2a1f43860830749ebc")
    #expect(model.proto.graph.node[0].attribute[0].t.rawData == Data("abc 4 floats 16b".utf8))
    #expect(model.proto.graph.node[0].attribute[0].t.dataLocation == .default)
    let error = #expect(throws: PipelineError.self) { try read(String(repeating: "0", count: 40)) }
    #expect(error?.message.contains("another checksum for 'w.bin'") == true)
  }

  @Test func givenFilesOfMoreThanAGigabyte_whenRead_thenTheyAreRefusedByTheirSize() throws {
    let folder = try TestData.temporaryFolder("gigabyte")
    defer { try? FileManager.default.removeItem(at: folder) }
    func sparse(_ name: String, _ count: Int) throws -> URL {
      let file = folder.appendingPathComponent(name)
      try Data().write(to: file)
      let handle = try FileHandle(forWritingTo: file)
      try handle.truncate(atOffset: UInt64(count))
      try handle.close()
      return file
    }
    let large = try sparse("large.onnx", OnnxModel.maximumByteCount + 1)
    let error = #expect(throws: PipelineError.self) { try OnnxModel(contentsOf: large) }
    #expect(error?.exit == .dataError)
    #expect(error?.message.contains("holds 1073741825 bytes; the limit is 1073741824") == true, "\(error as Any)")

    // The tensor's own file may be large; what a model takes of it may not.
    _ = try sparse("w.bin", 1 << 31)
    let file = folder.appendingPathComponent("a.onnx")
    for count in [OnnxModel.maximumByteCount / 4, OnnxModel.maximumByteCount / 2] {
      try TestGraphs.model([constant(external(["location": "w.bin"], count: count))], [], output: [4]).write(to: file)
      let error = #expect(throws: PipelineError.self) { try OnnxModel(contentsOf: file) }
      #expect(error?.exit == .dataError && error?.message.contains("more than the limit") == true, "\(count)")
    }
    // With a checksum, the whole file would have to be read.
    let summed = external(["location": "w.bin", "checksum": String(repeating: "0", count: 40)])
    try TestGraphs.model([constant(summed)], [], output: [4]).write(to: file)
    let checked = #expect(throws: PipelineError.self) { try OnnxModel(contentsOf: file) }
    #expect(checked?.message.contains("the limit is 1073741824") == true, "\(checked?.message ?? "")")
  }

  @Test func givenManyTensorsOfOneFile_whenTheyExceedTheLimit_thenTheyAreRefused() throws {
    let folder = try TestData.temporaryFolder("limit")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(count: 400).write(to: folder.appendingPathComponent("w.bin"))
    var proto = try Onnx_ModelProto(serializedBytes: model())
    proto.graph.initializer = (0..<3).map { _ in external(["location": "w.bin"], count: 100) }
    // Room for two of them.
    var tensors = OnnxTensors(name: "t", folder: folder, byteCount: OnnxModel.maximumByteCount - 1000)
    let error = #expect(throws: PipelineError.self) { try tensors.settle(&proto) }
    #expect(error?.message.contains("more than the limit") == true)
    #expect(proto.graph.initializer.map(\.rawData.count) == [400, 400, 0])
  }

  @Test func givenListsThatDoNotFitTheShape_whenRead_thenTheTensorIsNamed() throws {
    var floats = TestGraphs.floats("v", [3])
    floats.clearRawData()
    floats.floatData = [1, 2]
    var halves = TestGraphs.floats("v", [3])
    halves.clearRawData()
    halves.dataType = Int32(Onnx_TensorProto.DataType.float16.rawValue)
    halves.int32Data = [1, 2, 3, 4]
    var packed = TestGraphs.floats("v", [3])
    packed.clearRawData()
    packed.dataType = Int32(Onnx_TensorProto.DataType.int4.rawValue)
    packed.int32Data = [1, 2, 3]
    var unknown = TestGraphs.floats("v", [3])
    unknown.dataType = 99
    var segment = TestGraphs.floats("v", [3])
    segment.clearRawData()
    segment.segment.begin = 1
    for tensor in [floats, halves, packed, unknown, segment, TestGraphs.integers("v", []).with { $0.dims = [5] }] {
      let data = try TestGraphs.model([TestGraphs.head], [TestGraphs.weights, tensor], output: [1, 6, 8, 8])
      let error = #expect(throws: PipelineError.self) { try OnnxModel(data: data, name: "t") }
      #expect(error?.message.contains("tensor 'v'") == true, "\(error?.message ?? "")")
    }
    packed.int32Data = [1, 2]
    let sound = try TestGraphs.model([TestGraphs.head], [TestGraphs.weights, packed], output: [1, 6, 8, 8])
    #expect(throws: Never.self) { try OnnxModel(data: sound, name: "t") }
  }

  // MARK: - What decoding would take

  /// A field of bytes in protobuf's encoding.
  private func field(_ number: UInt8, _ content: Data) -> Data {
    var result = Data([number << 3 | 2])
    var rest = content.count
    while rest > 0x7F {
      result.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return result + [UInt8(rest)] + content
  }

  @Test func givenAFileOfEmptyNodes_whenRead_thenItIsRefusedBeforeTheyAreMade() throws {
    // Two bytes for each node, or for each attribute of one node.
    let nodes = Data([UInt8](repeating: 0, count: 1_200_000).enumerated().map { $0.offset % 2 == 0 ? 0x0A : 0 })
    let attributes = Data(nodes.map { $0 == 0x0A ? 0x2A : 0 })
    for graph in [nodes, field(1, attributes)] {
      let error = #expect(throws: PipelineError.self) { try OnnxModel(data: field(7, graph), name: "t") }
      #expect(error?.message.contains("more than 500000 parts") == true)
    }
    // Names and other text take their own size, and have a limit of their own.
    let text = field(7, field(2, Data(count: OnnxWire.maximumStructure)))
    let error = #expect(throws: PipelineError.self) { try OnnxModel(data: text, name: "t") }
    #expect(error?.message.contains("besides its weights") == true)
  }

  @Test func givenGraphsInsideGraphsWithoutEnd_whenRead_thenTheyAreRefused() throws {
    // graph.node.attribute.graph, again and again.
    var graph = Data()
    for _ in 0..<2000 { graph = field(1, field(5, field(6, graph))) }
    #expect(throws: OnnxWire.Fault.malformed) { try OnnxWire.check(field(7, graph)) }
    #expect(throws: OnnxWire.Fault.malformed) { try OnnxWire.check(Data([0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])) }
    #expect(throws: OnnxWire.Fault.malformed) { try OnnxWire.check(Data(repeating: 0xFF, count: 11)) }
    #expect(throws: Never.self) { try OnnxWire.check(model()) }
  }
}

extension Onnx_TensorProto {
  fileprivate func with(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }
}
