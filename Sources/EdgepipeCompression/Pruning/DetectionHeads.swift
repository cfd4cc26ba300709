import EdgepipeONNX

/// The convolutions that make predictions and those that lead to them alone.
///
/// A prediction is a convolution behind which no other one comes. Before it, a head goes back as far as there is one
/// way: to where tensors are joined, or read by several convolutions other than predictions.
struct DetectionHeads {
  /// Names of the outputs of predictions and of what leads to them alone.
  private(set) var outputs: Set<String> = []
  /// Of predictions only.
  private(set) var predictions: Set<String> = []

  private enum Part { case decoding, prediction, head }

  init(_ model: OnnxModel) {
    let nodes = model.proto.graph.node
    var readers: [String: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for tensor in Set(node.tensorsRead) { readers[tensor, default: []].append(index) }
    }
    var parts: [Int: Part] = [:]
    for index in nodes.indices.reversed() {
      let node = nodes[index], isConvolution = node.opType == "Conv" || node.opType == "ConvTranspose"
      let own = Set(node.output.flatMap { readers[$0] ?? [] })
      if own.allSatisfy({ parts[$0] == .decoding }) {
        parts[index] = isConvolution ? .prediction : .decoding
      } else if own.allSatisfy({ parts[$0] == .prediction || parts[$0] == .head }),
        isConvolution || ChannelGraph.passesChannelsOn(node.opType),
        own.count(where: { nodes[$0].opType.hasPrefix("Conv") && parts[$0] == .head }) <= 1
      {
        parts[index] = .head
      }
      if isConvolution, parts[index] != nil { outputs.formUnion(node.output) }
      if parts[index] == .prediction { predictions.formUnion(node.output) }
    }
  }
}
