import EdgepipeONNX

/// Looks for forms in a graph: which node makes a tensor, which numbers are stored.
struct GraphMatcher {
  private let nodes: [Onnx_NodeProto]
  private let makers: [String: Int]
  private let counts: [String: Int]
  private let stored: [String: Onnx_TensorProto]

  init(_ model: OnnxModel) {
    nodes = model.proto.graph.node
    makers = model.makers()
    counts = model.readCounts()
    stored = model.storedTensors()
  }

  /// The node of a type that makes this tensor, for one reader alone; it has inputs.
  func maker(of name: String, _ type: String) -> Onnx_NodeProto? {
    guard counts[name] == 1, let index = makers[name] else { return nil }
    let node = nodes[index]
    return node.opType == type && node.isStandard && node.output.count == 1 && !node.input.isEmpty ? node : nil
  }

  /// A stored number that has no dimension of its own to add to what it meets.
  func number(_ name: String) -> Float? {
    guard let tensor = stored[name], tensor.dims.count <= 1, tensor.elementCount == 1 else { return nil }
    return tensor.allFloats()?.first
  }

  /// The number that a stored tensor of any shape holds everywhere.
  func uniform(_ name: String) -> Float? {
    guard let values = stored[name]?.allFloats(), let first = values.first, values.allSatisfy({ $0 == first }) else {
      return nil
    }
    return first
  }

  /// A tensor and the stored number that it meets, in either order.
  func operands(_ node: Onnx_NodeProto) -> (tensor: String, number: Float)? {
    guard node.input.count == 2 else { return nil }
    if let number = number(node.input[1]) { return (node.input[0], number) }
    if let number = number(node.input[0]) { return (node.input[1], number) }
    return nil
  }

  /// The bounds of a Clip, as attributes or as inputs; infinite where there are none, nil where they are computed.
  func bounds(_ node: Onnx_NodeProto) -> (lower: Float, upper: Float)? {
    func bound(_ index: Int, _ attribute: String, _ none: Float) -> Float? {
      if let value = node.attribute(attribute) { return value.f }
      guard index < node.input.count, !node.input[index].isEmpty else { return none }
      return number(node.input[index])
    }
    guard let lower = bound(1, "min", -.infinity), let upper = bound(2, "max", .infinity) else { return nil }
    return (lower, upper)
  }
}

extension OnnxModel {
  /// Lets each node that has inputs and one output be replaced by others; returns how many were. What they leave
  /// without a reader is removed.
  mutating func rewriteNodes(_ change: (Onnx_NodeProto, GraphMatcher, inout OnnxModel) -> [Onnx_NodeProto]?) -> Int {
    let matcher = GraphMatcher(self)
    var nodes: [Onnx_NodeProto] = [], count = 0
    for node in proto.graph.node {
      if node.isStandard, node.output.count == 1, !node.input.isEmpty, let made = change(node, matcher, &self) {
        nodes += made
        count += 1
      } else {
        nodes.append(node)
      }
    }
    guard count > 0 else { return 0 }
    proto.graph.node = nodes
    _ = DeadNodeElimination().apply(to: &self)
    return count
  }
}
