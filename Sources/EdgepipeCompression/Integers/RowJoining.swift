import EdgepipeONNX

/// Joins channels, lays places in a row and joins the rows of several levels by one operator, `JoinedRows`, instead of
/// moving every number twice.
enum RowJoining {
  /// - Parameters:
  ///   - nodes: of channels-last tensors, in order.
  ///   - shapes: stored tensors that `Reshape` reads, by name.
  ///   - channels: of each tensor that may be a part.
  ///   - outputs: what the graph gives.
  static func apply(
    to nodes: inout [Onnx_NodeProto], shapes: [String: Onnx_TensorProto], channels: [String: Int], outputs: [String]
  ) {
    var reads: [String: Int] = [:]
    for name in nodes.flatMap(\.input) + outputs { reads[name, default: 0] += 1 }
    let makers = Dictionary(
      nodes.flatMap { node in node.output.map { ($0, node) } }, uniquingKeysWith: { first, _ in first })
    /// The node that makes a tensor for one reader alone.
    func maker(of name: String, _ type: String) -> Onnx_NodeProto? {
      guard reads[name] == 1, let node = makers[name], node.opType == type, node.domain.isEmpty else { return nil }
      return node
    }
    /// The parts of one level: N x H x W tensors of channels, joined and laid in a row.
    func parts(of name: String) -> [String]? {
      guard let reshape = maker(of: name, "Reshape"), reshape.input.count == 2,
        let sizes = shapes[reshape.input[1]]?.integers(), sizes.count == 3, sizes[1] == -1,
        let join = maker(of: reshape.input[0], "Concat"), join.integer("axis", default: 0) == 3
      else { return nil }
      return join.input
    }
    var gone: Set<String> = []
    for index in nodes.indices {
      let node = nodes[index]
      guard node.opType == "Concat", node.domain.isEmpty, node.integer("axis", default: 0) == 1 else { continue }
      let levels = node.input.compactMap(parts)
      let widths = levels.map { $0.compactMap { channels[$0] } }
      guard levels.count == node.input.count, let first = widths.first, widths.allSatisfy({ $0 == first }),
        levels.allSatisfy({ $0.count == first.count })
      else { continue }
      var joined = Onnx_NodeProto.make(
        "JoinedRows", levels.flatMap { $0 }, node.output[0], domain: OnnxModel.ownDomain)
      joined.set("parts", first)
      joined.set("levels", levels.count)
      nodes[index] = joined
      for input in node.input {
        gone.insert(input)
        if let reshape = makers[input] { gone.insert(reshape.input[0]) }
      }
    }
    nodes.removeAll { $0.output.contains(where: gone.contains) }
  }
}
