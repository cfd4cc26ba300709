import Foundation
import Pipeline
import SwiftProtobuf

/// An ONNX file in memory: checked when read, so that what works on it may trust its structure.
///
/// What is checked: the size limit, the protobuf encoding, that there is a graph with nodes and an operator set, and
/// that every stored tensor holds as many bytes as its shape says. Operators are not checked: the engine does that.
public struct OnnxModel: Sendable {
  /// Larger files are refused: protobuf itself ends at 2 GB, and models for small machines are far below this.
  public static let maximumByteCount = 1 << 30

  public var proto: Onnx_ModelProto
  /// For error messages.
  public let name: String

  /// Wraps a model made in memory.
  public init(proto: Onnx_ModelProto, name: String) {
    self.proto = proto
    self.name = name
  }

  /// Reads a model from memory; tensors kept in other files are refused.
  ///
  /// - Throws: a ``PipelineError`` (`dataError`) that says what is wrong with the data.
  public init(data: Data, name: String) throws {
    try self.init(data: data, name: name, folder: nil)
  }

  /// Reads a model file. Tensors kept in other files are taken in when those lie in the same folder.
  ///
  /// - Throws: a ``PipelineError``: `noInput` when the file cannot be read, `dataError` when it is not a sound model.
  public init(contentsOf file: URL) throws {
    let data = try readFile(file, what: "model", limit: Self.maximumByteCount)
    try self.init(data: data, name: file.path, folder: file.deletingLastPathComponent())
  }

  private init(data: Data, name: String, folder: URL?) throws {
    self.name = name
    guard data.count <= Self.maximumByteCount else {
      throw Self.unsound(name, "holds \(data.count) bytes, more than the limit of \(Self.maximumByteCount)")
    }
    do {
      proto = try Onnx_ModelProto(serializedBytes: data)
    } catch {
      throw Self.unsound(name, data.isEmpty ? "is empty" : "is not ONNX, or is cut short (\(data.count) bytes)")
    }
    guard proto.hasGraph, !proto.graph.node.isEmpty else { throw Self.unsound(name, "holds no graph") }
    guard !proto.opsetImport.isEmpty else { throw Self.unsound(name, "names no operator set: it may be cut short") }
    for index in proto.graph.initializer.indices {
      if proto.graph.initializer[index].dataLocation == .external {
        try embed(&proto.graph.initializer[index], folder: folder)
      }
      try check(proto.graph.initializer[index])
    }
  }

  /// The version of the standard operators that it uses; 0 when it names none.
  var opset: Int {
    Int(clamping: proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0)
  }

  /// The file's bytes. The same model always gives the same bytes.
  public func serialized() throws -> Data {
    do {
      var options = BinaryEncodingOptions()
      options.useDeterministicOrdering = true
      return try proto.serializedBytes(options: options)
    } catch {
      throw PipelineError("cannot encode model '\(name)': \(error)", exit: .software)
    }
  }

  /// Writes the file in one step: a reader sees the old file or the new one.
  public func write(to file: URL) throws {
    try writeFile(serialized(), to: file)
  }

  static func unsound(_ name: String, _ what: String) -> PipelineError {
    PipelineError("model '\(name)' \(what)", remedy: "fetch or export the file again", exit: .dataError)
  }

  /// Checks that a tensor's bytes are as many as its shape says.
  private func check(_ tensor: Onnx_TensorProto) throws {
    var count = 1
    for dimension in tensor.dims {
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
      guard dimension >= 0, !overflow, product <= Self.maximumByteCount else {
        throw Self.unsound(name, "has tensor '\(tensor.name)' of the impossible shape \(tensor.dims)")
      }
      count = product
    }
    guard tensor.hasRawData, let bits = OnnxElement.bits(tensor.dataType) else { return }
    let expected = (count * bits + 7) / 8
    guard tensor.rawData.count == expected else {
      throw Self.unsound(
        name, "has tensor '\(tensor.name)' of \(tensor.rawData.count) bytes, its shape \(tensor.dims) needs \(expected)")
    }
  }

  /// Takes a tensor's bytes in from a file beside the model.
  private func embed(_ tensor: inout Onnx_TensorProto, folder: URL?) throws {
    let facts = Dictionary(tensor.externalData.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    let location = facts["location"] ?? ""
    guard let folder else {
      throw Self.unsound(name, "keeps tensor '\(tensor.name)' in another file, '\(location)'")
    }
    // A path that leaves the folder, by `..` or a link, is refused: a model must not read the user's other files.
    let root = folder.resolvingSymlinksInPath().standardizedFileURL.path
    let file = folder.appendingPathComponent(location).resolvingSymlinksInPath().standardizedFileURL
    guard !location.isEmpty, !location.hasPrefix("/"), file.path.hasPrefix(root + "/") else {
      throw Self.unsound(name, "keeps tensor '\(tensor.name)' outside its folder, in '\(location)'")
    }
    let whole = try readFile(file, what: "tensor file of model '\(name)'", limit: Self.maximumByteCount)
    let offset = Int(facts["offset"] ?? "0") ?? -1
    let length = facts["length"].map { Int($0) ?? -1 } ?? max(0, whole.count - max(0, offset))
    guard offset >= 0, length >= 0, offset <= whole.count, length <= whole.count - offset else {
      throw Self.unsound(name, "wants \(length) bytes at \(offset) of '\(location)', which holds \(whole.count)")
    }
    tensor.rawData = Data(whole.dropFirst(offset).prefix(length))
    tensor.externalData = []
    tensor.clearDataLocation()
  }
}

/// ONNX element types, by their numbers in the format.
enum OnnxElement {
  static let float = Int32(Onnx_TensorProto.DataType.float.rawValue)
  static let uint8 = Int32(Onnx_TensorProto.DataType.uint8.rawValue)
  static let int64 = Int32(Onnx_TensorProto.DataType.int64.rawValue)
  static let int32 = Int32(Onnx_TensorProto.DataType.int32.rawValue)

  /// Bits an element, or nil for types whose tensors are not raw bytes or that are not known here.
  static func bits(_ type: Int32) -> Int? {
    switch Onnx_TensorProto.DataType(rawValue: Int(type)) {
    case .float, .int32, .uint32: 32
    case .int64, .uint64, .double, .complex64: 64
    case .complex128: 128
    case .float16, .bfloat16, .int16, .uint16: 16
    case .int8, .uint8, .bool, .float8E4M3Fn, .float8E4M3Fnuz, .float8E5M2, .float8E5M2Fnuz: 8
    case .int4, .uint4: 4
    default: nil
    }
  }
}
