import EdgepipeONNX

/// One stored tensor as a table of a few values and an index for each weight.
struct SharedTensor {
  private let tensor: Onnx_TensorProto
  private let isFloat: Bool
  /// What the weights of each output were divided by.
  private let factors: [Float]
  private let table: [Float]
  private let indices: [UInt8]
  let packing: IndexPacking

  /// - Parameters:
  ///   - tensor: float32 or int8, of two or more dimensions, the first the outputs.
  ///   - values: its finite values.
  ///   - clusters: 2 to 256.
  init(_ tensor: Onnx_TensorProto, _ values: [Float], clusters: Int) {
    self.tensor = tensor
    isFloat = tensor.dataType == OnnxElement.float
    let outputs = max(1, Int(tensor.dims[0])), depth = max(1, values.count / outputs)
    let factors = isFloat ? Self.sizes(values, outputs: outputs) : Array(repeating: 1, count: outputs)
    let equal = values.enumerated().map { $1 / factors[$0 / depth] }
    let found = ScalarClusters(equal, count: clusters)
    table = isFloat ? found.centres : found.centres.map { max(-128, min(127, $0.rounded())) }
    indices = equal.map { UInt8(clamping: found.index(of: $0)) }
    packing = IndexPacking(count: table.count)
    self.factors = factors
  }

  /// The weights that the engine will compute with.
  var restored: [Float] {
    let depth = max(1, indices.count / factors.count)
    return indices.enumerated().map { table[Int($1)] * factors[$0 / depth] }
  }

  /// What makes the tensor again; names begin with `prefix`, what other tensors read too with `shared`.
  func replacement(_ prefix: String, shared: String) -> StoredForm.Replacement {
    let packed = "\(prefix)/indices", shape = "\(prefix)/shape", values = "\(prefix)/table", flat = "\(prefix)/flat"
    var tensors = [
      packing.pack(indices, name: packed), .integers(shape, tensor.dims.map { Int($0) }),
      isFloat
        ? .floats(values, [table.count], table) : .signedBytes(values, [table.count], table.map { Int8($0) }),
    ]
    var (nodes, words) = packing.unpack(packed, shared)
    nodes.append(.make("Gather", [values, words], flat))
    var whole = flat
    if indices.count % packing.perCell != 0 {
      // The rest of the last cell goes.
      let list = "\(prefix)/list", start = "\(prefix)/start", end = "\(prefix)/end", any = "\(prefix)/any"
      whole = "\(prefix)/whole"
      tensors += [.integers(start, [0]), .integers(end, [indices.count]), .integers(any, [-1])]
      nodes += [.make("Reshape", [flat, any], list), .make("Slice", [list, start, end], whole)]
    }
    guard isFloat else {
      nodes.append(.make("Reshape", [whole, shape], tensor.name))
      return StoredForm.Replacement(nodes: nodes, tensors: tensors)
    }
    tensors.append(.floats("\(prefix)/factors", [factors.count] + tensor.dims.dropFirst().map { _ in 1 }, factors))
    nodes += [
      .make("Reshape", [whole, shape], "\(prefix)/equal"),
      .make("Mul", ["\(prefix)/equal", "\(prefix)/factors"], tensor.name),
    ]
    return StoredForm.Replacement(nodes: nodes, tensors: tensors)
  }

  /// The root mean square of each output's weights; 1 where they are all zero.
  private static func sizes(_ values: [Float], outputs: Int) -> [Float] {
    let depth = values.count / outputs
    return (0..<outputs).map { output in
      let squares = values[output * depth..<(output + 1) * depth].reduce(0.0) { $0 + Double($1) * Double($1) }
      let size = Float((squares / Double(max(1, depth))).squareRoot())
      return size > 0 && size.isFinite ? size : 1
    }
  }
}
