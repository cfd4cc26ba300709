package import EdgepipeCore
package import Foundation
import SwiftProtobuf

/// An ONNX file in memory: checked when read, so that what works on it may trust its structure.
///
/// What is checked: the size limit, the protobuf encoding and what decoding it will take (``OnnxWire``), that there is
/// a graph with nodes and an operator set, and that every stored tensor holds as many values as its shape says
/// (``OnnxTensors``). Operators are not checked: the engine does that.
package struct OnnxModel: Sendable {
  /// Larger files are refused: protobuf itself ends at 2 GB, and models for small machines are far below this.
  package static let maximumByteCount = 1 << 30

  package var proto: Onnx_ModelProto
  /// For error messages.
  package let name: String

  /// Wraps a model made in memory.
  package init(proto: Onnx_ModelProto, name: String) {
    self.proto = proto
    self.name = name
  }

  /// Reads a model from memory; tensors kept in other files are refused.
  ///
  /// - Throws: a ``PipelineError`` (`malformed`) that says what is wrong with the data.
  package init(data: Data, name: String) throws {
    try self.init(data: data, name: name, folder: nil)
  }

  /// Reads a model file. Tensors kept in other files are taken in when those lie in the same folder.
  ///
  /// - Throws: a ``PipelineError``: `notFound` when the file cannot be read, `malformed` when it is not a sound model.
  package init(contentsOf file: URL) throws {
    let data = try readFile(file, what: "model", limit: Self.maximumByteCount)
    try self.init(data: data, name: file.path, folder: file.deletingLastPathComponent())
  }

  private init(data: Data, name: String, folder: URL?) throws {
    self.name = name
    guard data.count <= Self.maximumByteCount else {
      throw Self.unsound(name, "holds \(data.count) bytes, more than the limit of \(Self.maximumByteCount)")
    }
    do {
      try OnnxWire.check(data)
      proto = try Onnx_ModelProto(serializedBytes: data)
    } catch OnnxWire.Fault.tooManyMessages {
      throw Self.unsound(name, "has more than \(OnnxWire.maximumMessages) parts")
    } catch OnnxWire.Fault.tooMuchStructure {
      throw Self.unsound(name, "holds more than \(OnnxWire.maximumStructure) bytes besides its weights")
    } catch {
      throw Self.unsound(name, data.isEmpty ? "is empty" : "is not ONNX, or is truncated (\(data.count) bytes)")
    }
    guard proto.hasGraph, !proto.graph.node.isEmpty else { throw Self.unsound(name, "has no graph") }
    guard !proto.opsetImport.isEmpty else { throw Self.unsound(name, "names no operator set: it may be truncated") }
    var tensors = OnnxTensors(name: name, folder: folder, byteCount: data.count)
    try tensors.settle(&proto)
  }

  /// The version of the standard operators that it uses; 0 when it names none.
  package var opset: Int {
    Int(clamping: proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0)
  }

  /// The file's bytes. The same model always gives the same bytes.
  package func serialized() throws -> Data {
    do {
      var options = BinaryEncodingOptions()
      options.useDeterministicOrdering = true
      return try proto.serializedBytes(options: options)
    } catch {
      throw PipelineError("cannot encode model '\(name)': \(error)", code: .internalFault)
    }
  }

  /// Writes the file in one step: a reader sees the old file or the new one.
  package func write(to file: URL) throws {
    try writeFile(serialized(), to: file)
  }

  package static func unsound(_ name: String, _ what: String) -> PipelineError {
    PipelineError("model '\(name)' \(what)", remedy: "fetch or export the file again", code: .malformed)
  }
}

extension OnnxModel {
  /// The domain of edgepipe's own operators.
  package static let ownDomain = "ai.edgepipe"
  /// The version of that domain's operators that models are written for: 2 has `PictureConvolution`.
  package static let ownVersion = 2
}

/// ONNX element types, by their numbers in the format.
package enum OnnxElement {
  package static let float = Int32(Onnx_TensorProto.DataType.float.rawValue)
  package static let uint8 = Int32(Onnx_TensorProto.DataType.uint8.rawValue)
  package static let int8 = Int32(Onnx_TensorProto.DataType.int8.rawValue)
  package static let int64 = Int32(Onnx_TensorProto.DataType.int64.rawValue)
  package static let int32 = Int32(Onnx_TensorProto.DataType.int32.rawValue)
  package static let bool = Int32(Onnx_TensorProto.DataType.bool.rawValue)
  static let string = Int32(Onnx_TensorProto.DataType.string.rawValue)

  /// Bits an element, or nil for text and for types that are not known here.
  package static func bits(_ type: Int32) -> Int? {
    switch Onnx_TensorProto.DataType(rawValue: Int(type)) {
    case .float, .int32, .uint32: 32
    case .int64, .uint64, .double, .complex64: 64
    case .complex128: 128
    case .float16, .bfloat16, .int16, .uint16: 16
    case .int8, .uint8, .bool, .float8E4M3Fn, .float8E4M3Fnuz, .float8E5M2, .float8E5M2Fnuz, .float8E8M0: 8
    case .int4, .uint4, .float4E2M1: 4
    case .int2, .uint2: 2
    default: nil
    }
  }
}
