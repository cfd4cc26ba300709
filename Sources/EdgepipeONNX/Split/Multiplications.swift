extension SplitGraph {
  private static let weighted: Set<String> = ["Conv", "ConvTranspose", "Gemm", "MatMul"]
  /// Operators with weights of which the number of multiplications is not known here.
  private static let unknown: Set<String> = [
    "QLinearConv", "ConvInteger", "QLinearMatMul", "MatMulInteger", "LSTM", "GRU",
  ]

  /// The tensors whose shapes tell how much is multiplied: inputs and outputs of operators with weights.
  package var weightedTensors: [String] {
    steps.map { model.proto.graph.node[$0] }.filter { $0.isWeighted(Self.weighted) }.flatMap { node in
      (node.input.prefix(1) + node.output.prefix(1)).filter { makers[$0] != nil && follows($0) }
    }
  }

  /// How many multiplications the operators with weights do, or those of them that a tensor needs.
  ///
  /// - Parameter shapes: of ``weightedTensors``.
  /// - Returns: nil where the model has operators with weights that are not known, as those of integer models.
  package func multiplications(before tensor: String?, shapes: [String: [Int]]) -> Double? {
    let nodes = model.proto.graph.node
    let counted = tensor.map { ancestors(of: [$0]) } ?? Set(steps)
    guard !steps.contains(where: { Self.unknown.contains(nodes[$0].opType) || !OnnxOpset.isStandard(nodes[$0].domain) })
    else { return nil }
    let weights = Dictionary(
      model.proto.graph.initializer.map { ($0.name, $0.dims.map { Double($0) }) },
      uniquingKeysWith: { first, _ in first })
    var sum = 0.0
    for step in counted where nodes[step].isWeighted(Self.weighted) {
      let node = nodes[step]
      guard let kernel = node.input.dropFirst().first.flatMap({ weights[$0] }), let output = node.output.first,
        kernel.count >= 2
      else { continue }
      let size = kernel.reduce(1, *), made = shapes[output].map { $0.reduce(1.0) { $0 * Double($1) } }
      switch node.opType {
      case "Conv": sum += (made ?? 0) * size / max(1, kernel[0])
      case "ConvTranspose":
        let taken = node.input.first.flatMap { shapes[$0] }.map { $0.reduce(1.0) { $0 * Double($1) } }
        sum += (taken ?? 0) * size / max(1, kernel[0])
      case "Gemm":
        sum += (made ?? 0) * (node.integer("transB", default: 0) == 0 ? kernel[0] : kernel[1])
      default: sum += (made ?? 0) * kernel[kernel.count - 2]
      }
    }
    return sum
  }
}

extension Onnx_NodeProto {
  fileprivate func isWeighted(_ types: Set<String>) -> Bool { OnnxOpset.isStandard(domain) && types.contains(opType) }
}
