import EdgepipeONNX

/// Large weights of the convolutions that stay in floats, stored in 8 bits with a scale for each output: rounding weights
/// alone costs no accuracy worth the name, and a third to a fourth of the bytes is left. The engine multiplies them out
/// once, when it opens the model.
struct StoredWeights {
  /// What makes the floats, to stand before their readers.
  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var tensors: [Onnx_TensorProto] = []
  /// The float tensors that are made instead of stored.
  private(set) var replaced: Set<String> = []

  /// Smaller tensors are not worth two nodes.
  private static let leastCount = 2048

  init(_ readers: [Onnx_NodeProto], _ stored: [Onnx_TensorProto]) {
    let weights = Set(readers.filter { $0.opType == "Conv" && $0.input.count > 1 }.map { $0.input[1] })
    let others = Set(readers.flatMap { $0.opType == "Conv" ? Array($0.input.dropFirst(2)) : $0.input })
    for tensor in stored where weights.contains(tensor.name) && !others.contains(tensor.name) {
      guard let values = tensor.allFloats(), values.count >= Self.leastCount, let outputs = tensor.dims.first,
        outputs > 0
      else { continue }
      let count = Int(outputs)
      let rounded = IntegerWeights(
        values.map(Double.init), outputs: count, order: nil, floors: Array(repeating: 0, count: count))
      let shape = tensor.dims.map { Int($0) }
      let bytes = "\(tensor.name)/bytes", scales = "\(tensor.name)/scales", whole = "\(tensor.name)/whole"
      tensors.append(.signedBytes(bytes, shape, rounded.values))
      tensors.append(
        .floats(scales, [count] + shape.dropFirst().map { _ in 1 }, rounded.scales.map { Float($0) }))
      var cast = Onnx_NodeProto.make("Cast", [bytes], whole)
      cast.set("to", Int(OnnxElement.float))
      nodes += [cast, .make("Mul", [whole, scales], tensor.name)]
      replaced.insert(tensor.name)
    }
  }
}
