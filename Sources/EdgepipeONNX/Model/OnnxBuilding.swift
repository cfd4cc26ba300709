import Foundation

// Making tensors and attributes. Stored numbers are little-endian, as in the format and on every machine that this
// program runs on.

extension Onnx_TensorProto {
  package static func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = shape.map { Int64($0) }
    tensor.dataType = OnnxElement.float
    // SAFETY: the bytes are copied before the closure returns, and floats have no padding.
    tensor.rawData = unsafe values.withUnsafeBytes { unsafe Data($0) }
    return tensor
  }

  package static func bytes(_ name: String, _ shape: [Int], _ values: [UInt8]) -> Onnx_TensorProto {
    raw(name, shape, .uint8, Data(values))
  }

  package static func signedBytes(_ name: String, _ shape: [Int], _ values: [Int8]) -> Onnx_TensorProto {
    raw(name, shape, .int8, Data(values.map { UInt8(bitPattern: $0) }))
  }

  /// A list of 32-bit integers.
  package static func words(_ name: String, _ values: [Int32]) -> Onnx_TensorProto {
    var data = Data(capacity: values.count * 4)
    for value in values { for byte in 0..<4 { data.append(UInt8(truncatingIfNeeded: value >> (byte * 8))) } }
    return raw(name, [values.count], .int32, data)
  }

  private static func raw(
    _ name: String, _ shape: [Int], _ type: Onnx_TensorProto.DataType, _ data: Data
  ) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = shape.map { Int64($0) }
    tensor.dataType = Int32(type.rawValue)
    tensor.rawData = data
    return tensor
  }

  package static func integers(_ name: String, _ values: [Int]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = [Int64(values.count)]
    tensor.dataType = OnnxElement.int64
    tensor.int64Data = values.map { Int64($0) }
    return tensor
  }
}

extension Onnx_OperatorSetIdProto {
  package static func version(_ version: Int, of domain: String) -> Onnx_OperatorSetIdProto {
    var set = Onnx_OperatorSetIdProto()
    set.domain = domain
    set.version = Int64(version)
    return set
  }
}

extension Onnx_NodeProto {
  package static func make(_ type: String, _ inputs: [String], _ output: String, domain: String = "") -> Onnx_NodeProto
  {
    var node = Onnx_NodeProto()
    node.opType = type
    node.domain = domain
    node.name = output
    node.input = inputs
    node.output = [output]
    return node
  }

  package mutating func set(_ name: String, _ value: Int) {
    add(name, .int) { $0.i = Int64(value) }
  }

  package mutating func set(_ name: String, _ value: Float) {
    add(name, .float) { $0.f = value }
  }

  package mutating func set(_ name: String, _ value: String) {
    add(name, .string) { $0.s = Data(value.utf8) }
  }

  package mutating func set(_ name: String, _ values: [Int]) {
    add(name, .ints) { $0.ints = values.map { Int64($0) } }
  }

  package mutating func set(_ name: String, _ values: [Float]) {
    add(name, .floats) { $0.floats = values }
  }

  private mutating func add(
    _ name: String, _ type: Onnx_AttributeProto.AttributeType, _ fill: (inout Onnx_AttributeProto) -> Void
  ) {
    var made = Onnx_AttributeProto()
    made.name = name
    made.type = type
    fill(&made)
    attribute.append(made)
  }
}
