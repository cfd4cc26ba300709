import EdgepipeONNX

/// A model whose weights are stored in another form, and what that saves.
struct StoredForm {
  var model: OnnxModel
  /// Weights that are stored in the new form.
  var weightCount: Int
  /// Bytes of these weights in the file, with everything that is needed to make them again: tables, indices and nodes.
  var storedBytes: Int
  /// Tensors in the new form.
  var tensorCount: Int
  /// Large tensors that could not be stored that way, by name.
  var kept: [String]

  /// What a weight takes in the file, on average over those in the new form.
  var bitsPerWeight: Double { weightCount > 0 ? Double(8 * storedBytes) / Double(weightCount) : 0 }
}

extension StoredForm {
  /// Puts tensors of a model in place of others that nodes make again from what is stored.
  ///
  /// The nodes hang on stored tensors alone, so the engine runs them once, when it opens the model.
  struct Replacement {
    var nodes: [Onnx_NodeProto]
    var tensors: [Onnx_TensorProto]
  }

  /// - Parameters:
  ///   - shared: tensors that several replacements read.
  ///   - replacements: by the name of the stored tensor that they make.
  init(
    _ model: OnnxModel, shared: [Onnx_TensorProto], replacements: [String: Replacement], kept: [String]
  ) throws {
    var nodes: [Onnx_NodeProto] = [], tensors = shared
    weightCount = 0
    var left: [Onnx_TensorProto] = []
    for tensor in model.proto.graph.initializer {
      guard let made = replacements[tensor.name] else {
        left.append(tensor)
        continue
      }
      weightCount += tensor.elementCount
      nodes += made.nodes
      tensors += made.tensors
    }
    var result = model
    result.proto.graph.node = nodes + model.proto.graph.node
    result.proto.graph.initializer = tensors + left
    let replaced = model.proto.graph.initializer.filter { replacements[$0.name] != nil }
    // What the file would be without the weights, subtracted from what it is.
    var bare = model
    bare.proto.graph.initializer = left
    storedBytes = try result.serialized().count - bare.serialized().count
    tensorCount = replaced.count
    self.model = result
    self.kept = kept
  }
}

extension OnnxModel {
  /// The stored tensors of some size whose values may as well come from nodes: those that a run cannot replace, that
  /// are no output, and that no inner graph reads.
  func storedWeights(_ types: Set<Int32>, leastCount: Int) -> [Onnx_TensorProto] {
    let fixed = Set(proto.graph.input.map(\.name) + proto.graph.output.map(\.name))
    let inner = innerReads
    return proto.graph.initializer.filter { tensor in
      types.contains(tensor.dataType) && tensor.elementCount >= leastCount && !fixed.contains(tensor.name)
        && !inner.contains(tensor.name)
    }
  }

  /// What the graphs inside of nodes read, those inside of them included.
  var innerReads: Set<String> {
    func reads(_ nodes: [Onnx_NodeProto]) -> [String] {
      nodes.flatMap { node in
        node.attribute.flatMap(\.innerGraphs).flatMap { $0.node.flatMap(\.input) + reads($0.node) }
      }
    }
    return Set(reads(proto.graph.node))
  }
}
