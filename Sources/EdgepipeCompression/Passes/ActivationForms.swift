import EdgepipeONNX

/// Writes ReLU, ReLU6 and LeakyReLU in the one form that the engine computes while it stores a convolution's sums. The
/// others cost a pass over memory each, and for PRelu a change of layout.
struct ActivationForms: GraphPass {
  let name = "activation forms"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    var count = 0
    while true {
      let step = model.rewriteNodes { node, matcher, model in
        switch node.opType {
        case "PRelu": leaky(node, matcher)
        case "Max": maximum(node, matcher)
        case "Min": minimum(node, matcher, &model)
        case "Clip": clip(node, matcher)
        default: nil
        }
      }
      // One form may be made of another.
      if step == 0 { return count }
      count += step
    }
  }

  /// PRelu whose slopes are all the same.
  private func leaky(_ node: Onnx_NodeProto, _ matcher: GraphMatcher) -> [Onnx_NodeProto]? {
    guard node.input.count == 2, let slope = matcher.uniform(node.input[1]) else { return nil }
    return [Self.leaky(node, node.input[0], slope)]
  }

  /// max(x, 0), or max(x, slope x) for a slope between 0 and 1.
  private func maximum(_ node: Onnx_NodeProto, _ matcher: GraphMatcher) -> [Onnx_NodeProto]? {
    if let (tensor, number) = matcher.operands(node) {
      return number == 0 ? [.make("Relu", [tensor], node.output[0])] : nil
    }
    guard node.input.count == 2 else { return nil }
    for (x, other) in [(node.input[0], node.input[1]), (node.input[1], node.input[0])] {
      guard let product = matcher.maker(of: other, "Mul"), let (tensor, slope) = matcher.operands(product), tensor == x,
        slope > 0, slope < 1
      else { continue }
      return [Self.leaky(node, x, slope)]
    }
    return nil
  }

  /// min(relu(x), bound).
  private func minimum(
    _ node: Onnx_NodeProto, _ matcher: GraphMatcher, _ model: inout OnnxModel
  ) -> [Onnx_NodeProto]? {
    guard model.opset >= 11, let (tensor, bound) = matcher.operands(node), bound > 0,
      let relu = matcher.maker(of: tensor, "Relu")
    else { return nil }
    let lower = model.unusedName("\(node.output[0])_lower")
    model.proto.graph.initializer.append(.floats(lower, [], [0]))
    let upper = model.unusedName("\(node.output[0])_upper")
    model.proto.graph.initializer.append(.floats(upper, [], [bound]))
    return [.make("Clip", [relu.input[0], lower, upper], node.output[0])]
  }

  /// Clip from zero on, without an upper bound.
  private func clip(_ node: Onnx_NodeProto, _ matcher: GraphMatcher) -> [Onnx_NodeProto]? {
    guard let (lower, upper) = matcher.bounds(node), lower == 0, upper >= .greatestFiniteMagnitude else { return nil }
    return [.make("Relu", [node.input[0]], node.output[0])]
  }

  private static func leaky(_ node: Onnx_NodeProto, _ x: String, _ slope: Float) -> Onnx_NodeProto {
    if slope == 0 { return .make("Relu", [x], node.output[0]) }
    var leaky = Onnx_NodeProto.make("LeakyRelu", [x], node.output[0])
    leaky.set("alpha", slope)
    return leaky
  }
}
