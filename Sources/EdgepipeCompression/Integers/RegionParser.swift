import EdgepipeONNX

/// Reads the nodes of a float model as steps of integer arithmetic, as far as they go.
struct RegionParser {
  private let name: String
  private let graph: Onnx_GraphProto
  private let weights: [String: Onnx_TensorProto]
  private let shapes: ShapeFlow?
  private let input: String

  init(_ model: OnnxModel, input: String, inputSize: Int) {
    name = model.name
    graph = model.proto.graph
    weights = Dictionary(graph.initializer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    self.input = input
    let side = Dimension(inputSize, follows: true)
    // Only Resize to computed sizes needs shapes; where they cannot be followed, it stays in floats.
    shapes = try? ShapeFlow(
      graph: graph, input: (input, [Dimension(1), Dimension(3), side, side]), opset: model.opset)
  }

  func steps() -> [IntegerStep] {
    var steps: [IntegerStep] = []
    /// Channels of each tensor of the region.
    var channels = [input: 3]
    var sigmoids: [String: (source: String, node: Int)] = [:]
    for (index, node) in graph.node.enumerated() {
      if node.opType == "Sigmoid", let source = node.input.first, channels[source] != nil, source != input {
        sigmoids[node.output[0]] = (source, index)
        continue
      }
      if let step = silu(node, index, sigmoids) ?? self.step(node, index, channels) {
        channels[step.output] =
          switch step.operation {
          case .convolution(let convolution): convolution.outputs
          case .concatenation: step.inputs.reduce(0) { $0 + (channels[$1] ?? 0) }
          default: channels[step.inputs[0]] ?? 0
          }
        steps.append(step)
      }
    }
    return steps
  }

  /// x * sigmoid(x).
  private func silu(
    _ node: Onnx_NodeProto, _ index: Int, _ sigmoids: [String: (source: String, node: Int)]
  ) -> IntegerStep? {
    guard node.opType == "Mul", node.input.count == 2 else { return nil }
    for (gate, other) in [(node.input[0], node.input[1]), (node.input[1], node.input[0])] {
      guard let sigmoid = sigmoids[gate], sigmoid.source == other else { continue }
      return IntegerStep(
        operation: .activation(.silu), inputs: [other], output: node.output[0], nodes: [sigmoid.node, index])
    }
    return nil
  }

  private func step(_ node: Onnx_NodeProto, _ index: Int, _ channels: [String: Int]) -> IntegerStep? {
    guard node.domain.isEmpty || node.domain == "ai.onnx", node.output.count == 1, let first = node.input.first,
      let depth = channels[first]
    else { return nil }
    func made(_ operation: IntegerStep.Operation, _ inputs: [String]) -> IntegerStep {
      IntegerStep(operation: operation, inputs: inputs, output: node.output[0], nodes: [index])
    }
    if node.opType == "Conv" { return convolution(node, inputs: depth).map { made(.convolution($0), [first]) } }
    // The picture itself goes into convolutions only.
    guard node.input.allSatisfy({ $0 != input }) else { return nil }
    let areKnown = node.input.allSatisfy { channels[$0] != nil }
    switch node.opType {
    case "Relu": return made(.activation(.relu), [first])
    case "LeakyRelu": return made(.activation(.leakyReLU(node.attribute("alpha")?.f ?? 0.01)), [first])
    case "Add" where areKnown && node.input.count == 2 && channels[node.input[1]] == depth:
      return made(.add, node.input)
    case "Concat" where areKnown && node.integer("axis", default: 0) == 1: return made(.concatenation, node.input)
    case "MaxPool": return maximum(node).map { made($0, [first]) }
    case "Resize", "Upsample": return upsample(node).map { made($0, [first]) }
    default: return nil
    }
  }

  private func convolution(_ node: Onnx_NodeProto, inputs: Int) -> FloatConvolution? {
    guard let found = try? ConvolutionNode(node, at: 0, stored: weights, modelName: name),
      let floats = try? found.weights(stored: weights, modelName: name), found.dilations == [1, 1]
    else { return nil }
    // Integer kernels are quick for plain and for depthwise convolutions.
    let isPlain = found.groups == 1 && found.shape[1] == inputs
    let isDepthwise = found.groups == inputs && found.shape[1] == 1 && found.outputs == inputs
    guard isPlain || isDepthwise else { return nil }
    return FloatConvolution(
      shape: found.shape, weights: floats.values, bias: floats.bias, groups: found.groups, strides: found.strides,
      pads: found.pads)
  }

  private func maximum(_ node: Onnx_NodeProto) -> IntegerStep.Operation? {
    guard let window = node.integers("kernel_shape"), window.count == 2, window[0] == window[1],
      node.integers("dilations") ?? [1, 1] == [1, 1], node.integer("ceil_mode", default: 0) == 0,
      node.word("auto_pad", default: "NOTSET") == "NOTSET"
    else { return nil }
    let strides = node.integers("strides") ?? [1, 1], pads = node.integers("pads") ?? [0, 0, 0, 0]
    guard strides.count == 2, strides[0] == strides[1], pads.count == 4 else { return nil }
    return .maximum(window: window[0], stride: strides[0], pads: pads)
  }

  /// Nearest neighbour by a whole factor.
  private func upsample(_ node: Onnx_NodeProto) -> IntegerStep.Operation? {
    guard node.word("mode", default: "nearest") == "nearest",
      node.word("coordinate_transformation_mode", default: "asymmetric") == "asymmetric",
      node.word("nearest_mode", default: "floor") == "floor",
      let before = shapes?.shape(of: node.input[0]), let after = shapes?.shape(of: node.output[0]),
      before.count == 4, after.count == 4, before[1].size == after[1].size, before[2].size > 0, before[3].size > 0
    else { return nil }
    let factor = after[2].size / before[2].size
    guard (2...8).contains(factor), before[2].size * factor == after[2].size, before[3].size * factor == after[3].size
    else { return nil }
    return .upsample(factor: factor)
  }
}
