import EdgepipeONNX

/// Writes Sigmoid, SiLU, HardSigmoid and HardSwish in the forms that the engine fuses: Sigmoid and HardSigmoid into a
/// convolution, x * Sigmoid(x) into one operator, x * HardSigmoid(x) into a convolution as well.
struct GatedActivationForms: GraphPass {
  let name = "gated activation forms"
  let isExact = false

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    // What the first round makes of the inner part is what the second one looks for.
    model.rewriteNodes(Self.gate) + model.rewriteNodes(Self.gated)
  }

  /// Sigmoid and HardSigmoid made of parts.
  private static func gate(
    _ node: Onnx_NodeProto, _ matcher: GraphMatcher, _ model: inout OnnxModel
  ) -> [Onnx_NodeProto]? {
    switch node.opType {
    case "Reciprocal":
      return sigmoidSource(node.input[0], matcher).map { [.make("Sigmoid", [$0], node.output[0])] }
    case "Div" where node.input.count == 2 && matcher.number(node.input[0]) == 1:
      return sigmoidSource(node.input[1], matcher).map { [.make("Sigmoid", [$0], node.output[0])] }
    case "Div", "Mul":
      // clip(x + 3, 0, 6) / 6
      guard isSixth(node, matcher), let source = clippedSource(node.input[0], matcher) else { return nil }
      return [hardSigmoid(source, node.output[0])]
    default: return nil
    }
  }

  /// A tensor times its own Sigmoid or HardSigmoid.
  private static func gated(
    _ node: Onnx_NodeProto, _ matcher: GraphMatcher, _ model: inout OnnxModel
  ) -> [Onnx_NodeProto]? {
    func product(_ x: String, _ gate: (String) -> Onnx_NodeProto) -> [Onnx_NodeProto] {
      let gate = gate(model.unusedName("\(node.output[0])_gate"))
      return [gate, .make("Mul", [x, gate.output[0]], node.output[0])]
    }
    switch node.opType {
    case "Swish" where (node.attribute("alpha")?.f ?? 1) == 1:
      return product(node.input[0]) { .make("Sigmoid", [node.input[0]], $0) }
    case "Div" where node.input.count == 2 && sigmoidSource(node.input[1], matcher) == node.input[0]:
      return product(node.input[0]) { .make("Sigmoid", [node.input[0]], $0) }
    case "Div", "Mul":
      // x clip(x + 3, 0, 6) / 6
      guard isSixth(node, matcher), let inner = matcher.maker(of: node.input[0], "Mul"), inner.input.count == 2 else {
        return nil
      }
      for (x, other) in [(inner.input[0], inner.input[1]), (inner.input[1], inner.input[0])]
      where clippedSource(other, matcher) == x {
        return product(x) { hardSigmoid(x, $0) }
      }
      return nil
    default: return nil
    }
  }

  /// The x of 1 + exp(-x).
  private static func sigmoidSource(_ name: String, _ matcher: GraphMatcher) -> String? {
    guard let sum = matcher.maker(of: name, "Add"), let (tensor, one) = matcher.operands(sum), one == 1,
      let power = matcher.maker(of: tensor, "Exp"), let negative = matcher.maker(of: power.input[0], "Neg")
    else { return nil }
    return negative.input[0]
  }

  /// The x of clip(x + 3, 0, 6).
  private static func clippedSource(_ name: String, _ matcher: GraphMatcher) -> String? {
    guard let clip = matcher.maker(of: name, "Clip"), let (lower, upper) = matcher.bounds(clip), lower == 0, upper == 6,
      let sum = matcher.maker(of: clip.input[0], "Add"), let (tensor, three) = matcher.operands(sum), three == 3
    else { return nil }
    return tensor
  }

  /// Divided by 6, or multiplied by a sixth.
  private static func isSixth(_ node: Onnx_NodeProto, _ matcher: GraphMatcher) -> Bool {
    guard node.input.count == 2, let number = matcher.number(node.input[1]) else { return false }
    return node.opType == "Div" ? number == 6 : abs(number - 1 / 6) < 1e-6
  }

  private static func hardSigmoid(_ source: String, _ output: String) -> Onnx_NodeProto {
    var made = Onnx_NodeProto.make("HardSigmoid", [source], output)
    made.set("alpha", Float(1) / 6)
    made.set("beta", Float(0.5))
    return made
  }
}
