/// Operators that slide a window over the picture, or scale it.
extension NodeCall {
  func convolution() throws(SizeIsFixed) -> [Dimension] {
    let weights = try shape(1)
    guard weights.count > 2 else { throw SizeIsFixed("\(node.label) has weights of \(weights.count) dimensions") }
    return try window(channels: weights[0], kernel: weights.dropFirst(2).map(\.size))
  }

  /// The output of a convolution or a pooling: floor((in + pads - dilation (kernel - 1) - 1) / stride) + 1.
  func window(channels: Dimension, kernel weights: [Int]?) throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0)
    let rank = input.count - 2
    let kernel = node.integers("kernel_shape") ?? weights ?? []
    guard rank > 0, kernel.count == rank, kernel.allSatisfy({ (1...4096).contains($0) }) else {
      throw SizeIsFixed("\(node.label) has a window of shape \(kernel)")
    }
    let strides = try list("strides", count: rank, default: 1),
      dilations = try list("dilations", count: rank, default: 1)
    let pads = try list("pads", count: 2 * rank, default: 0)
    let auto = node.word("auto_pad", default: "NOTSET")
    let roundsUp = node.integer("ceil_mode", default: 0) != 0
    var output = [input[0], channels]
    for index in 0..<rank {
      let size = input[2 + index]
      let stride = max(1, strides[index])
      let reach = dilations[index] * (kernel[index] - 1) + 1
      let padded = size.size + (auto.hasPrefix("SAME") ? 0 : pads[index] + pads[rank + index])
      let steps =
        auto.hasPrefix("SAME")
        ? (size.size + stride - 1) / stride : (padded - reach + (roundsUp ? stride - 1 : 0)) / stride + 1
      guard padded >= reach || auto.hasPrefix("SAME") else {
        throw SizeIsFixed("\(node.label) has a window of \(reach) on \(padded)")
      }
      output.append(Dimension(steps, follows: size.follows))
    }
    return output
  }

  func transposedConvolution() throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0), weights = try shape(1)
    let rank = input.count - 2
    guard rank > 0, weights.count == input.count, node.attribute("output_shape") == nil,
      node.word("auto_pad", default: "NOTSET") == "NOTSET"
    else { throw SizeIsFixed("\(node.label) fixes its output's size") }
    let strides = try list("strides", count: rank, default: 1),
      dilations = try list("dilations", count: rank, default: 1)
    let pads = try list("pads", count: 2 * rank, default: 0)
    let extra = try list("output_padding", count: rank, default: 0)
    let groups = node.integer("group", default: 1)
    guard (1...(1 << 20)).contains(groups), weights[1].size <= 1 << 20 else {
      throw SizeIsFixed("\(node.label) has \(groups) groups")
    }
    var output = [input[0], Dimension(weights[1].size * groups)]
    for index in 0..<rank {
      let size = input[2 + index], kernel = weights[2 + index].size
      guard (1...4096).contains(kernel), size.size <= 1 << 20 else {
        throw SizeIsFixed("\(node.label) has a window of \(kernel) on \(size.size)")
      }
      let steps =
        (size.size - 1) * strides[index] + extra[index] + dilations[index] * (kernel - 1) + 1
        - pads[index] - pads[rank + index]
      output.append(Dimension(steps, follows: size.follows))
    }
    return output
  }

  /// Scaling by factors follows the picture; scaling to a given size does not.
  func resize() throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0)
    if inputs.count > 3, let sizes = inputs[3]?.values {
      guard sizes.count == input.count else { throw SizeIsFixed("\(node.label) gives \(sizes.count) sizes") }
      for (old, new) in zip(input, sizes) where old.follows && !new.follows {
        throw SizeIsFixed("\(node.label) scales to the fixed size \(new.size)")
      }
      return sizes
    }
    guard let factors else { throw SizeIsFixed("\(node.label) computes its factors") }
    guard factors.count == input.count, factors.allSatisfy({ $0.isFinite && $0 > 0 && $0 <= 1024 }) else {
      throw SizeIsFixed("\(node.label) scales by \(factors)")
    }
    var output: [Dimension] = []
    for (dimension, factor) in zip(input, factors) {
      guard dimension.size <= 1 << 30 else { throw SizeIsFixed("it holds a tensor of impossible size") }
      output.append(Dimension(Int(Double(dimension.size) * Double(factor)), follows: dimension.follows))
    }
    return output
  }

  private var factors: [Float]? {
    if let old = node.attribute("scales")?.floats, !old.isEmpty { return old }
    return inputs.dropFirst().compactMap { $0?.factors }.last { !$0.isEmpty }
  }

  func blocks() throws(SizeIsFixed) -> [Dimension] {
    let input = try shape(0)
    let block = node.integer("blocksize", default: 0)
    guard input.count == 4, (1...64).contains(block) else { throw SizeIsFixed("\(node.label) has blocks of \(block)") }
    func scaled(_ dimension: Dimension, up: Bool, by factor: Int) -> Dimension {
      Dimension(up ? dimension.size * factor : dimension.size / factor, follows: dimension.follows)
    }
    let toDepth = node.opType == "SpaceToDepth"
    return [
      input[0], scaled(input[1], up: toDepth, by: block * block), scaled(input[2], up: !toDepth, by: block),
      scaled(input[3], up: !toDepth, by: block),
    ]
  }

  /// A list attribute with one small number for each axis.
  private func list(_ name: String, count: Int, default value: Int) throws(SizeIsFixed) -> [Int] {
    let list = node.integers(name) ?? Array(repeating: value, count: count)
    guard list.count == count, list.allSatisfy({ (-4096...4096).contains($0) }) else {
      throw SizeIsFixed("\(node.label) has '\(name)' \(list)")
    }
    return list
  }
}
