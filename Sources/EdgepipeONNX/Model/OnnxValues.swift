// The types are those of onnx.pb.swift: generated, not edited by hand, from `onnx.proto` of the Python package `onnx`
// 1.23 by protoc-gen-swift 1.39 (swift-protobuf); then one word is added for strict memory safety. To make it again:
//
//     git clone --depth 1 --branch 1.39.0 https://github.com/apple/swift-protobuf
//     swift build --package-path swift-protobuf -c release --product protoc-gen-swift
//     python3 -m pip download --no-deps onnx==1.23.0 && unzip -o onnx-1.23.0-*.whl onnx/onnx.proto
//     protoc --plugin=swift-protobuf/.build/release/protoc-gen-swift --proto_path=onnx \
//       --swift_opt=Visibility=package --swift_out=Sources/EdgepipeONNX/Generated onnx.proto
//     # The generator's storage classes read a `nonisolated(unsafe)` constant that is never written.
//     sed -i 's/= _StorageClass.defaultInstance/= unsafe _StorageClass.defaultInstance/' Sources/EdgepipeONNX/Generated/onnx.pb.swift
import Foundation

extension Onnx_TensorProto {
  /// Elements according to the shape; the largest integer where that overflows.
  package var elementCount: Int {
    var count = 1
    for dimension in dims {
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(dimension))
      if overflow { return Int.max }
      count = product
    }
    return count
  }

  /// The values of a short integer tensor, or nil when it is long or of another type.
  package func integers(limit: Int = 64) -> [Int]? {
    guard dims.allSatisfy({ $0 >= 0 && $0 <= limit }), elementCount <= limit else { return nil }
    switch dataType {
    case OnnxElement.int64:
      if !hasRawData { return int64Data.map { Int($0) } }
      return littleEndian(rawData, UInt64.self).map { Int(Int64(bitPattern: $0)) }
    case OnnxElement.int32:
      if !hasRawData { return int32Data.map { Int($0) } }
      return littleEndian(rawData, UInt32.self).map { Int(Int32(bitPattern: $0)) }
    default: return nil
    }
  }

  /// The values of a short float32 tensor, or nil when it is long or of another type.
  func floats(limit: Int = 64) -> [Float]? {
    guard dims.allSatisfy({ $0 >= 0 && $0 <= limit }), elementCount <= limit, dataType == OnnxElement.float else {
      return nil
    }
    return allFloats()
  }

  /// The values of a float32 tensor of any length, or nil when it is of another type.
  package func allFloats() -> [Float]? {
    guard dataType == OnnxElement.float else { return nil }
    if !hasRawData { return floatData }
    var values = [Float](repeating: 0, count: rawData.count / 4)
    // SAFETY: the target holds as many bytes as are copied, and any four bytes are a float.
    _ = unsafe values.withUnsafeMutableBytes { unsafe rawData.copyBytes(to: $0, count: $0.count) }
    return values
  }
}

/// The whole little-endian words in `data`; a rest shorter than a word is left out.
private func littleEndian<Word: FixedWidthInteger>(_ data: Data, _ type: Word.Type) -> [Word] {
  let size = MemoryLayout<Word>.size
  return (0..<data.count / size).map { index in
    let start = data.startIndex + index * size
    return (0..<size).reduce(Word(0)) { $0 | Word(data[start + $1]) << Word($1 * 8) }
  }
}

extension Onnx_NodeProto {
  package func attribute(_ name: String) -> Onnx_AttributeProto? { attribute.first { $0.name == name } }

  package func integer(_ name: String, default value: Int) -> Int { attribute(name).map { Int($0.i) } ?? value }

  package func integers(_ name: String) -> [Int]? { attribute(name).map { $0.ints.map { Int($0) } } }

  package func word(_ name: String, default value: String) -> String {
    attribute(name).map { String(decoding: $0.s, as: UTF8.self) } ?? value
  }

  /// What error messages call this node.
  package var label: String { name.isEmpty ? "\(opType) -> \(output.first ?? "")" : "\(opType) '\(name)'" }
}

extension Onnx_ValueInfoProto {
  /// A float32 tensor of this shape; nil marks a free dimension, a word a named one.
  package static func tensor(_ name: String, _ shape: [Onnx_TensorShapeProto.Dimension]) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = OnnxElement.float
    info.type.tensorType.shape.dim = shape
    return info
  }
}

extension Onnx_TensorShapeProto.Dimension {
  package static func fixed(_ value: Int) -> Self {
    var dimension = Self()
    dimension.dimValue = Int64(value)
    return dimension
  }

  /// A dimension that each run sets.
  package static func free(_ name: String? = nil) -> Self {
    var dimension = Self()
    if let name { dimension.dimParam = name }
    return dimension
  }

  /// The fixed size, or nil for a free one.
  package var size: Int? {
    if case .dimValue(let value)? = value, value > 0 { return Int(value) }
    return nil
  }
}
