import EdgepipeONNX

/// What the operator ``PictureConvolution`` computes, in ONNX's own operators: the picture as floats, less what stands for zero,
/// through a convolution with whole weights times their scales.
struct FloatPicture {
  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var stored: [Onnx_TensorProto] = []

  /// Nil for other nodes, and for those whose numbers are not stored with the model.
  init?(_ node: Onnx_NodeProto, _ tensors: [String: Onnx_TensorProto]) {
    guard node.opType == PictureConvolution.name, node.domain == OnnxModel.ownDomain, node.input.count == 4,
      let output = node.output.first, let weights = tensors[node.input[1]], weights.dataType == OnnxElement.int8,
      weights.dims.count == 4, let scales = tensors[node.input[2]]?.allFloats(),
      let bias = tensors[node.input[3]]?.allFloats(), let fill = node.integers("fill"),
      let kernel = node.integers("kernel_shape"), let strides = node.integers("strides"),
      let pads = node.integers("pads")
    else { return nil }
    let shape = weights.dims.map { Int(clamping: $0) }, count = shape.reduce(1, *), bytes = [UInt8](weights.rawData)
    guard count > 0, bytes.count == count, scales.count == shape[0], bias.count == shape[0], fill.count == shape[1]
    else { return nil }
    let depth = count / shape[0], taps = depth / shape[1]
    let whole = bytes.map { Float(Int8(bitPattern: $0)) }
    let floats = whole.indices.map { whole[$0] * scales[$0 / depth] }
    let moved = (0..<shape[0]).map { output in
      // Padding is zero in floats, so the picture's zero is taken off before, and put back here.
      bias[output]
        + (0..<depth).reduce(0) { $0 + floats[output * depth + $1] * Float(fill[$1 / taps]) }
    }
    func name(_ ending: String) -> String { "\(output)/float/\(ending)" }
    stored = [
      .floats(name("weights"), shape, floats), .floats(name("bias"), [shape[0]], moved),
      .floats(name("fill"), [1, shape[1], 1, 1], fill.map { Float($0) }),
    ]
    guard stored.allSatisfy({ tensors[$0.name] == nil }) else { return nil }
    var cast = Onnx_NodeProto.make("Cast", [node.input[0]], name("picture"))
    cast.set("to", Int(OnnxElement.float))
    let less = Onnx_NodeProto.make("Sub", [name("picture"), name("fill")], name("less"))
    let function = node.word("function", default: "identity")
    var convolution = Onnx_NodeProto.make(
      "Conv", [name("less"), name("weights"), name("bias")], function == "identity" ? output : name("sums"))
    convolution.set("kernel_shape", kernel)
    convolution.set("strides", strides)
    convolution.set("pads", pads)
    nodes = [cast, less, convolution]
    switch function {
    case "identity": break
    case "silu":
      nodes.append(.make("Sigmoid", [name("sums")], name("gate")))
      nodes.append(.make("Mul", [name("sums"), name("gate")], output))
    case "relu": nodes.append(.make("Relu", [name("sums")], output))
    case "leaky_relu":
      var leaky = Onnx_NodeProto.make("LeakyRelu", [name("sums")], output)
      leaky.set("alpha", node.attribute("alpha")?.f ?? 0)
      nodes.append(leaky)
    default: return nil
    }
  }
}
