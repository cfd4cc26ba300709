import EdgepipeONNX

/// Multiplies batch normalization into the convolution, plain or transposed, before it:
/// w' = w gamma / sqrt(variance + epsilon), b' = (b - mean) gamma / sqrt(variance + epsilon) + beta.
struct BatchNormalizationFolding: GraphPass {
  let name = "batch normalization"
  let isExact = false

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let counts = model.readCounts(), makers = model.makers()
    var stored = model.storedTensors(), folded: Set<Int> = []
    for (index, node) in model.proto.graph.node.enumerated() where node.opType == "BatchNormalization" {
      guard node.isStandard, node.input.count == 5, node.output.count == 1,
        node.integer("training_mode", default: 0) == 0, let maker = makers[node.input[0]], counts[node.input[0]] == 1,
        var weights = ConvolutionWeights(model.proto.graph.node[maker], stored)
      else { continue }
      let parts = node.input.dropFirst().compactMap { stored[$0]?.allFloats()?.map { Double($0) } }
      guard parts.count == 4, parts.allSatisfy({ $0.count == weights.outputs }) else { continue }
      let epsilon = Double(node.attribute("epsilon")?.f ?? 1e-5)
      let factors = zip(parts[0], parts[3]).map { $0 / ($1 + epsilon).squareRoot() }
      weights.changeOutputs(
        factors: factors, shifts: factors.indices.map { parts[1][$0] - parts[2][$0] * factors[$0] })
      guard weights.write(to: &model, node: maker, &stored) else { continue }
      model.proto.graph.node[maker].output = node.output
      folded.insert(index)
    }
    model.removeNodes(at: folded)
    return folded.count
  }
}
