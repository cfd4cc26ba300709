import EdgepipeONNX

/// Computes the maximum of a large window from that of a smaller one, where a graph has both of one tensor: the spatial
/// pyramid of the YOLO family takes 5 x 5, 9 x 9 and 13 x 13. The maximum over 9 x 9 is that over 5 x 5 of those over
/// 5 x 5, so three windows of 25 values take the place of 25 + 81 + 169.
struct PoolingCascade: GraphPass {
  let name = "pooling cascade"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let sources = Set(model.proto.graph.node.filter { Self.window($0) != nil }.map { $0.input[0] })
    return sources.sorted().reduce(0) { $0 + cascade($1, &model) }
  }

  /// Makes a cascade of the windows over one tensor.
  private func cascade(_ source: String, _ model: inout OnnxModel) -> Int {
    let places = model.proto.graph.node.indices.filter {
      let node = model.proto.graph.node[$0]
      return node.input.first == source && Self.window(node) != nil
    }
    var nodes = places.map { model.proto.graph.node[$0] }
    nodes.sort { (Self.window($0) ?? 0) < (Self.window($1) ?? 0) }
    let sizes = nodes.map { Self.window($0) ?? 0 }
    var count = 0
    for position in nodes.indices {
      guard let maker = sizes[..<position].lastIndex(where: { $0 < sizes[position] }) else { continue }
      let size = sizes[position] - sizes[maker] + 1
      // A step that is larger than the window before it saves nothing.
      guard size <= sizes[maker] else { continue }
      nodes[position] = nodes[position].without("kernel_shape", "pads")
      nodes[position].set("kernel_shape", [size, size])
      nodes[position].set("pads", Array(repeating: size / 2, count: 4))
      nodes[position].input = nodes[maker].output
      count += 1
    }
    guard count > 0, let first = places.first else { return 0 }
    // They depend on that one tensor alone, so all of them may stand where the first one did.
    model.removeNodes(at: Set(places))
    model.proto.graph.node.insert(contentsOf: nodes, at: first)
    return count
  }

  /// The side of a square window of odd size that keeps the picture's size.
  private static func window(_ node: Onnx_NodeProto) -> Int? {
    guard node.isStandard, node.opType == "MaxPool", node.input.count == 1, node.output.count == 1,
      let shape = node.integers("kernel_shape"), shape.count == 2, shape[0] == shape[1], shape[0] % 2 == 1,
      node.integers("strides") ?? [1, 1] == [1, 1],
      node.integers("dilations") ?? [1, 1] == [1, 1], node.integer("ceil_mode", default: 0) == 0,
      node.word("auto_pad", default: "NOTSET") == "NOTSET",
      node.integers("pads") == Array(repeating: shape[0] / 2, count: 4)
    else { return nil }
    return shape[0]
  }
}
