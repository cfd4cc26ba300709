/// Multiplies batch normalization into the convolution before it: w' = w gamma / sqrt(variance + epsilon),
/// b' = (b - mean) gamma / sqrt(variance + epsilon) + beta.
public struct BatchNormalizationFolding: GraphPass {
  public let name = "batch normalization"

  public init() {}

  public func apply(to model: inout OnnxModel) -> Int {
    let counts = model.readCounts(), stored = model.storedTensors()
    var makers: [String: Int] = [:]
    for (index, node) in model.proto.graph.node.enumerated() where node.opType == "Conv" {
      if let output = node.output.first { makers[output] = index }
    }
    var folded: [Int] = []
    for (index, node) in model.proto.graph.node.enumerated() where node.opType == "BatchNormalization" {
      guard node.input.count == 5, let maker = makers[node.input[0]], counts[node.input[0]] == 1,
        let convolution = Folded(model.proto.graph.node[maker], node, stored)
      else { continue }
      let base = node.output[0]
      let weights = model.unusedName("\(base)_weights")
      model.proto.graph.initializer.append(.floats(weights, convolution.shape, convolution.weights))
      let bias = model.unusedName("\(base)_bias")
      model.proto.graph.initializer.append(.floats(bias, [convolution.bias.count], convolution.bias))
      let source = model.proto.graph.node[maker].input[0]
      model.proto.graph.node[maker].input = [source, weights, bias]
      model.proto.graph.node[maker].output = [base]
      folded.append(index)
    }
    for index in folded.reversed() { model.proto.graph.node.remove(at: index) }
    return folded.count
  }

  private struct Folded {
    var shape: [Int]
    var weights: [Float]
    var bias: [Float]

    init?(_ convolution: Onnx_NodeProto, _ norm: Onnx_NodeProto, _ stored: [String: Onnx_TensorProto]) {
      guard convolution.input.count >= 2, let tensor = stored[convolution.input[1]],
        let values = tensor.allFloats(), let outputs = tensor.dims.first.map({ Int($0) }), outputs > 0
      else { return nil }
      let parts = norm.input.dropFirst().compactMap { stored[$0]?.allFloats() }
      guard parts.count == 4, parts.allSatisfy({ $0.count == outputs }) else { return nil }
      var bias = [Float](repeating: 0, count: outputs)
      if convolution.input.count > 2, !convolution.input[2].isEmpty {
        guard let known = stored[convolution.input[2]]?.allFloats(), known.count == outputs else { return nil }
        bias = known
      }
      let epsilon = norm.attribute("epsilon")?.f ?? 1e-5
      shape = tensor.dims.map { Int($0) }
      weights = values
      self.bias = bias
      let depth = values.count / outputs
      for output in 0..<outputs {
        let factor = parts[0][output] / (parts[3][output] + epsilon).squareRoot()
        self.bias[output] = (bias[output] - parts[2][output]) * factor + parts[1][output]
        for index in output * depth..<(output + 1) * depth { weights[index] *= factor }
      }
    }
  }
}
