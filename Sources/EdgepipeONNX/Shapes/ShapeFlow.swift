import Foundation

/// Follows the picture's height and width through a graph, to find out whether it runs at other sizes than its own.
///
/// Not a general shape inference: it knows the operators of convolutional detectors and treats everything else as
/// tied to one size, because a wrong "yes" would give wrong boxes and a wrong "no" costs only the smaller rectangle.
package struct ShapeFlow {
  private var facts: [String: TensorFacts] = [:]
  private let opset: Int

  /// - Parameter input: the picture, its two last dimensions marked as following.
  package init(graph: Onnx_GraphProto, input: (name: String, shape: [Dimension]), opset: Int) throws(SizeIsFixed) {
    self.opset = opset
    for tensor in graph.initializer { facts[tensor.name] = Self.constant(tensor) }
    facts[input.name] = TensorFacts(shape: input.shape)
    for node in graph.node { try add(node) }
  }

  /// The shape of a named tensor, or nil when the graph does not hold it.
  package func shape(of name: String) -> [Dimension]? { facts[name]?.shape }

  static func constant(_ tensor: Onnx_TensorProto) -> TensorFacts {
    let shape = tensor.dims.map { Dimension(Int($0)) }
    guard shape.count <= 1 else { return TensorFacts(shape: shape) }
    return TensorFacts(shape: shape, values: tensor.integers()?.map { Dimension($0) }, factors: tensor.floats(limit: 8))
  }

  private mutating func add(_ node: Onnx_NodeProto) throws(SizeIsFixed) {
    var inputs: [TensorFacts?] = []
    for name in node.input {
      if name.isEmpty {
        inputs.append(nil)
      } else if let known = facts[name] {
        inputs.append(known)
      } else {
        throw SizeIsFixed("\(node.label) reads '\(name)', which nothing in the graph produces")
      }
    }
    let call = NodeCall(node: node, inputs: inputs, opset: opset)
    let outputs = try call.outputs()
    for (name, fact) in zip(node.output, outputs) where !name.isEmpty {
      // A size that no picture of the file's own size gives means that the graph is not what it seems.
      _ = try elementCount(fact.shape)
      guard fact.shape.allSatisfy({ $0.size >= 0 }) else { throw SizeIsFixed("\(node.label) produces a negative size") }
      facts[name] = fact
    }
  }
}
