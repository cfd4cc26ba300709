import EdgepipeONNX

/// The stored weights and the bias of a convolution or a transposed one, to be multiplied and shifted by channel.
///
/// It is computed in double precision and rounded once.
struct ConvolutionWeights {
  let isTransposed: Bool
  let shape: [Int]
  let groups: Int
  private var weights: [Double]
  private var bias: [Double]

  /// Nil where weights or bias are not stored, or are no planar float32 ones.
  init?(_ node: Onnx_NodeProto, _ stored: [String: Onnx_TensorProto]) {
    guard node.isStandard, ["Conv", "ConvTranspose"].contains(node.opType), node.output.count == 1,
      node.input.count >= 2, let tensor = stored[node.input[1]], tensor.dims.count == 4,
      let values = tensor.allFloats(), !values.isEmpty
    else { return nil }
    isTransposed = node.opType == "ConvTranspose"
    shape = tensor.dims.map { Int($0) }
    groups = node.integer("group", default: 1)
    weights = values.map { Double($0) }
    guard groups > 0, shape[0] % groups == 0 else { return nil }
    let outputs = isTransposed ? shape[1] * groups : shape[0]
    bias = [Double](repeating: 0, count: outputs)
    if node.input.count > 2, !node.input[2].isEmpty {
      guard let known = stored[node.input[2]]?.allFloats(), known.count == outputs else { return nil }
      bias = known.map { Double($0) }
    }
  }

  var outputs: Int { bias.count }
  var inputs: Int { isTransposed ? shape[0] : shape[1] * groups }

  private var window: Int { shape[2] * shape[3] }

  /// The channels that a row of the window, the weights of the first two dimensions, leads from and to.
  private func channels(ofRow row: Int) -> (input: Int, output: Int) {
    let outer = row / shape[1], inner = row % shape[1], group = outer / (shape[0] / groups)
    return isTransposed ? (outer, group * shape[1] + inner) : (group * shape[1] + inner, outer)
  }

  /// y' = factor y + shift, for each output channel.
  mutating func changeOutputs(factors: [Double], shifts: [Double]) {
    for row in 0..<shape[0] * shape[1] {
      let factor = factors[channels(ofRow: row).output]
      for index in row * window..<(row + 1) * window { weights[index] *= factor }
    }
    for output in bias.indices { bias[output] = bias[output] * factors[output] + shifts[output] }
  }

  /// Reads factor x + shift in place of x, for each input channel. A shift is right only where nothing is padded.
  mutating func changeInputs(factors: [Double], shifts: [Double]) {
    for row in 0..<shape[0] * shape[1] {
      let (input, output) = channels(ofRow: row)
      for index in row * window..<(row + 1) * window {
        if shifts[input] != 0 { bias[output] += weights[index] * shifts[input] }
        weights[index] *= factors[input]
      }
    }
  }

  /// Stores the weights under new names and makes the node read them; false, and nothing is done, when a number has
  /// left the range of float32.
  func write(
    to model: inout OnnxModel, node index: Int, _ stored: inout [String: Onnx_TensorProto]
  ) -> Bool {
    let weights = self.weights.map { Float($0) }, bias = self.bias.map { Float($0) }
    guard weights.allSatisfy(\.isFinite), bias.allSatisfy(\.isFinite) else { return false }
    let base = model.proto.graph.node[index].output[0]
    func keep(_ name: String, _ shape: [Int], _ values: [Float]) -> String {
      let tensor = Onnx_TensorProto.floats(model.unusedName(name), shape, values)
      model.proto.graph.initializer.append(tensor)
      stored[tensor.name] = tensor
      return tensor.name
    }
    let source = model.proto.graph.node[index].input[0]
    model.proto.graph.node[index].input = [
      source, keep("\(base)_weights", shape, weights), keep("\(base)_bias", [bias.count], bias),
    ]
    return true
  }
}
