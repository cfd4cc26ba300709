/// Computes the maximum of a large window from that of a smaller one, where a graph has both of one tensor: the spatial
/// pyramid of the YOLO family takes 5 x 5, 9 x 9 and 13 x 13. The maximum over 9 x 9 is that over 5 x 5 of those over
/// 5 x 5, so three windows of 25 values take the place of 25 + 81 + 169.
public struct PoolingCascade: GraphPass {
  public let name = "pooling cascade"
  public let isExact = true

  public init() {}

  public func apply(to model: inout OnnxModel) -> Int {
    var windows: [String: [(node: Int, size: Int)]] = [:]
    for (index, node) in model.proto.graph.node.enumerated() {
      if let size = Self.window(node) { windows[node.input[0], default: []].append((index, size)) }
    }
    var count = 0
    for (source, group) in windows.sorted(by: { $0.key < $1.key }) where group.count > 1 {
      let bySize = group.sorted { ($0.size, $0.node) < ($1.size, $1.node) }
      var nodes = bySize.map { model.proto.graph.node[$0.node] }
      for position in nodes.indices {
        guard let maker = bySize[..<position].lastIndex(where: { $0.size < bySize[position].size }) else { continue }
        let size = bySize[position].size - bySize[maker].size + 1
        // A step that is larger than the window before it saves nothing.
        guard size <= bySize[maker].size else { continue }
        nodes[position] = nodes[position].without("kernel_shape", "pads")
        nodes[position].set("kernel_shape", [size, size])
        nodes[position].set("pads", Array(repeating: size / 2, count: 4))
        nodes[position].input = [nodes[maker].output.first ?? source]
        count += 1
      }
      // They all depend on one tensor alone, so they may come in any order from the first place on.
      let places = group.map(\.node)
      for (place, node) in zip(places, nodes) { model.proto.graph.node[place] = node }
      if places.first.map({ $0 + places.count - 1 }) != places.last {
        var rest = model.proto.graph.node
        for place in places.reversed() { rest.remove(at: place) }
        rest.insert(contentsOf: nodes, at: places[0])
        model.proto.graph.node = rest
      }
    }
    return count
  }

  /// The side of a square window of odd size that keeps the picture's size.
  private static func window(_ node: Onnx_NodeProto) -> Int? {
    guard node.isStandard, node.opType == "MaxPool", node.input.count == 1, node.output.count == 1, let shape = node.integers("kernel_shape"),
      shape.count == 2, shape[0] == shape[1], shape[0] % 2 == 1, node.integers("strides") ?? [1, 1] == [1, 1],
      node.integers("dilations") ?? [1, 1] == [1, 1], node.integer("ceil_mode", default: 0) == 0,
      node.word("auto_pad", default: "NOTSET") == "NOTSET",
      node.integers("pads") == Array(repeating: shape[0] / 2, count: 4)
    else { return nil }
    return shape[0]
  }
}
