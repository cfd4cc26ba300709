import Foundation

// Making tensors and attributes. Stored numbers are little-endian, as in the format and on every machine that this
// program runs on.

extension Onnx_TensorProto {
  static func floats(_ name: String, _ shape: [Int], _ values: [Float]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = shape.map { Int64($0) }
    tensor.dataType = OnnxElement.float
    // SAFETY: the bytes are copied before the closure returns, and floats have no padding.
    tensor.rawData = unsafe values.withUnsafeBytes { unsafe Data($0) }
    return tensor
  }

  static func integers(_ name: String, _ values: [Int]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = [Int64(values.count)]
    tensor.dataType = OnnxElement.int64
    tensor.int64Data = values.map { Int64($0) }
    return tensor
  }
}

extension Onnx_NodeProto {
  mutating func set(_ name: String, _ value: Int) {
    add(name, .int) { $0.i = Int64(value) }
  }

  mutating func set(_ name: String, _ value: Float) {
    add(name, .float) { $0.f = value }
  }

  mutating func set(_ name: String, _ value: String) {
    add(name, .string) { $0.s = Data(value.utf8) }
  }

  mutating func set(_ name: String, _ values: [Int]) {
    add(name, .ints) { $0.ints = values.map { Int64($0) } }
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
