import EdgepipeCore
package import Foundation

extension OnnxShapes {
  /// Lets a model take several pictures at once, in memory: the input's first dimension becomes free.
  ///
  /// Exports that were made for one picture often reshape to a constant shape that begins with 1, such as
  /// [1, 85, -1]: with several pictures that would pour all of them into one. Such a 1 becomes 0, which in ONNX copies
  /// the dimension that comes in and so means the same for one picture. Whether the model really keeps the pictures
  /// apart is not followed through the graph: compare its outputs with those of single pictures before you trust it.
  ///
  /// A model whose first dimension is free already comes back unchanged.
  ///
  /// - Throws: a ``PipelineError`` (`malformed`) when the data is no ONNX or has no input of four dimensions.
  package static func freeingBatch(of model: Data) throws -> Data {
    var onnx = try OnnxModel(data: model, name: "in memory")
    let stored = Set(onnx.proto.graph.initializer.map(\.name))
    guard let place = onnx.proto.graph.input.firstIndex(where: { !stored.contains($0.name) }),
      onnx.proto.graph.input[place].type.tensorType.shape.dim.count == 4
    else { throw PipelineError("the model has no input of N x C x H x W", code: .unsupported) }
    guard onnx.proto.graph.input[place].type.tensorType.shape.dim[0].size != nil else { return model }
    onnx.proto.graph.input[place].type.tensorType.shape.dim[0] = .free("batch")
    for index in onnx.proto.graph.output.indices
    where onnx.proto.graph.output[index].type.tensorType.shape.dim.first?.size == 1 {
      onnx.proto.graph.output[index].type.tensorType.shape.dim[0] = .free()
    }
    onnx.proto.graph.valueInfo = []
    freeReshapes(&onnx.proto.graph)
    return try onnx.serialized()
  }

  private static func freeReshapes(_ graph: inout Onnx_GraphProto) {
    var constants: [String: [Int]] = [:]
    for tensor in graph.initializer { constants[tensor.name] = tensor.integers() }
    for node in graph.node where node.opType == "Constant" {
      if let name = node.output.first, let tensor = node.attribute("value")?.t { constants[name] = tensor.integers() }
    }
    for index in graph.node.indices where graph.node[index].opType == "Reshape" {
      let node = graph.node[index]
      guard node.input.count == 2, node.integer("allowzero", default: 0) == 0, var target = constants[node.input[1]],
        target.count > 1, target[0] == 1
      else { continue }
      // A new tensor: the old one may serve other nodes as well.
      target[0] = 0
      let name = "edgepipe_batch_\(index)"
      graph.initializer.append(.integers(name, target))
      graph.node[index].input[1] = name
    }
  }
}
