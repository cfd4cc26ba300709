package import Foundation

package import EdgepipeONNX

/// Small ONNX models, made in memory.
package enum TestGraphs {
  package static func node(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [String: [Int]] = [:]
  ) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    node.opType = type
    node.input = inputs
    node.output = [output]
    for (name, values) in attributes.sorted(by: { $0.key < $1.key }) {
      var attribute = Onnx_AttributeProto()
      attribute.name = name
      // A list of one stands for a single integer where the operator wants that.
      if ["axis", "group"].contains(name) {
        attribute.type = .int
        attribute.i = Int64(values.first ?? 0)
      } else {
        attribute.type = .ints
        attribute.ints = values.map { Int64($0) }
      }
      node.attribute.append(attribute)
    }
    return node
  }

  package static func integers(_ name: String, _ values: [Int]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dataType = OnnxElement.int64
    tensor.dims = [Int64(values.count)]
    tensor.int64Data = values.map { Int64($0) }
    return tensor
  }

  package static func floats(_ name: String, _ dims: [Int]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dataType = OnnxElement.float
    tensor.dims = dims.map { Int64($0) }
    tensor.rawData = Data(count: dims.reduce(4, *))
    return tensor
  }

  /// A model that takes `x` of shape 1x3x64x64 and gives `y`.
  package static func model(_ nodes: [Onnx_NodeProto], _ tensors: [Onnx_TensorProto], output: [Int]) throws -> Data {
    var proto = Onnx_ModelProto()
    proto.irVersion = 8
    var opset = Onnx_OperatorSetIdProto()
    opset.version = 13
    proto.opsetImport = [opset]
    proto.graph.name = "test"
    proto.graph.node = nodes
    proto.graph.initializer = tensors
    proto.graph.input = [.tensor("x", [1, 3, 64, 64].map { .fixed($0) })]
    proto.graph.output = [.tensor("y", output.map { .fixed($0) })]
    return try OnnxModel(proto: proto, name: "test").serialized()
  }

  /// A stride-8 convolution to 6 channels: 1x6x8x8.
  package static let head = node("Conv", ["x", "w"], "map", ["strides": [8, 8], "kernel_shape": [8, 8]])
  package static let weights = floats("w", [6, 3, 8, 8])
}
