import EdgepipeCore
import EdgepipeONNX

/// The float convolutions between a model's ``PictureConvolution`` and its ``QuantizeFromPlanar``, as operators of ours that keep
/// channels last: the picture's gives them, a ``FloatConvolution`` takes the place of each that follows and of its activation,
/// and the last one, a ``QuantizingConvolution``, gives the bytes. Floats are rounded otherwise than by ONNX Runtime, so a byte
/// may be the next one.
struct FloatChain {
  /// What comes in the place of nodes.
  private(set) var made: [Int: Onnx_NodeProto] = [:]
  /// Nodes that have become part of others.
  private(set) var gone: Set<Int> = []

  private let graph: Onnx_GraphProto
  private let stored: [String: Onnx_TensorProto]
  private let readers: [String: [Int]]
  private let outputs: Set<String>

  /// Nil where another node begins, anything else lies between, or something else reads what lies between.
  init?(
    from start: Int, of graph: Onnx_GraphProto, _ stored: [String: Onnx_TensorProto], readers: [String: [Int]],
    outputs: Set<String>
  ) {
    (self.graph, self.stored, self.readers, self.outputs) = (graph, stored, readers, outputs)
    var picture = graph.node[start]
    guard picture.opType == PictureConvolution.name, picture.domain == OnnxModel.ownDomain, picture.input.count == 4,
      picture.output.count == 1, let channels = stored[picture.input[1]]?.dims.first, channels > 0, channels % 16 == 0
    else { return nil }
    var tensor = picture.output[0], width = Int(channels), last = start
    picture.output = [Self.renamed(tensor)]
    picture.set("channels_last", 1)
    made[start] = picture
    while true {
      guard let reader = self.readers(of: tensor, 1)?.first else { return nil }
      let node = graph.node[reader]
      if node.opType == QuantizeFromPlanar.name, node.domain == OnnxModel.ownDomain, node.output.count == 1 {
        guard last != start, node.attribute("scale")?.floats.count == width, var end = made[last] else { return nil }
        (end.opType, end.output) = (QuantizingConvolution.name, node.output)
        end.attribute += node.attribute
        made[last] = end
        gone.insert(reader)
        return
      }
      guard var convolution = convolution(node, from: tensor, channels: width),
        let count = stored[node.input[1]]?.dims.first, let next = activate(&convolution, node.output[0])
      else { return nil }
      made[reader] = convolution
      (tensor, width, last) = (next, Int(count), reader)
    }
  }

  private static func renamed(_ tensor: String) -> String { "\(tensor)/channels last" }

  /// The nodes that read a tensor, where they are so many.
  private func readers(of tensor: String, _ count: Int) -> [Int]? {
    guard !outputs.contains(tensor), let found = readers[tensor], found.count == count else { return nil }
    return found
  }

  /// Without its activation.
  private func convolution(_ node: Onnx_NodeProto, from tensor: String, channels: Int) -> Onnx_NodeProto? {
    guard node.opType == "Conv", node.domain.isEmpty, node.input.count == 3, node.input[0] == tensor,
      node.output.count == 1, node.integers("dilations") ?? [1, 1] == [1, 1],
      node.word("auto_pad", default: "NOTSET") == "NOTSET", let weights = stored[node.input[1]],
      weights.dataType == OnnxElement.float, let bias = stored[node.input[2]], bias.dataType == OnnxElement.float
    else { return nil }
    let shape = weights.dims.map { Int(clamping: $0) }
    let strides = node.integers("strides") ?? [1, 1], pads = node.integers("pads") ?? [0, 0, 0, 0]
    guard shape.count == 4, shape[0] > 0, shape[0] % 16 == 0, strides.count == 2, pads.count == 4 else { return nil }
    switch node.integer("group", default: 1) {
    case 1:
      guard shape == [shape[0], channels, 1, 1], strides == [1, 1], pads == [0, 0, 0, 0] else { return nil }
    case channels:
      guard shape[0] == channels, shape[1] == 1, ConvolutionWindow.takes(Array(shape[2...]), strides, pads) else {
        return nil
      }
    default: return nil
    }
    var made = Onnx_NodeProto.make(
      FloatConvolution.name, [Self.renamed(tensor)] + node.input.dropFirst(), "", domain: OnnxModel.ownDomain)
    made.set("kernel_shape", Array(shape[2...]))
    made.set("strides", strides)
    made.set("pads", pads)
    return made
  }

  /// Gives a convolution the function behind it.
  ///
  /// - Returns: the tensor that the function gives.
  private mutating func activate(_ node: inout Onnx_NodeProto, _ sums: String) -> String? {
    var function = "identity", result = sums
    if let both = readers(of: sums, 2) {
      // x * sigmoid(x)
      guard let gate = both.first(where: { graph.node[$0].opType == "Sigmoid" }),
        let product = both.first(where: { graph.node[$0].opType == "Mul" }), graph.node[gate].output.count == 1,
        readers(of: graph.node[gate].output[0], 1) == [product], graph.node[product].output.count == 1,
        [gate, product].allSatisfy({ graph.node[$0].domain.isEmpty })
      else { return nil }
      (function, result) = ("silu", graph.node[product].output[0])
      gone.formUnion([gate, product])
    } else if let reader = readers(of: sums, 1)?.first {
      let next = graph.node[reader]
      switch (next.domain, next.opType) {
      case ("", "Relu"): function = "relu"
      case ("", "LeakyRelu"):
        function = "leaky_relu"
        node.set("alpha", next.attribute("alpha")?.f ?? 0.01)
      default: break
      }
      if function != "identity" {
        guard next.output.count == 1 else { return nil }
        result = next.output[0]
        gone.insert(reader)
      }
    } else {
      return nil
    }
    node.set("function", function)
    (node.name, node.output) = (result, [Self.renamed(result)])
    return result
  }
}
