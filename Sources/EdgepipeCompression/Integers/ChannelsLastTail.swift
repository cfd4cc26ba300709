import EdgepipeONNX

/// What makes outputs of the last convolutions, rewritten to take them as the integer kernels leave them: channels last.
///
/// Detectors turn their last tensors around anyway, from N x C x H x W to one row of C numbers a place. Where the channels
/// lie last already, there is nothing to turn. Element-wise functions, joining of channels, laying places in a row and
/// joining rows are followed through; before anything else the planes are restored.
struct ChannelsLastTail {
  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var stored: [Onnx_TensorProto] = []

  /// How a tensor is at hand, beside or instead of its own form.
  private struct Form {
    /// N x H x W x C for N x C x H x W; with `isFlat` N x places x C for N x C x places.
    var isFlat: Bool
    var channels: Int
  }

  private let shapes: [String: Onnx_TensorProto]
  private var forms: [String: Form] = [:]
  /// Tensors whose own form is there too.
  private var restored: Set<String> = []

  /// - Parameters:
  ///   - nodes: in order; none of them makes a tensor of `channels`.
  ///   - channels: of each tensor that is at hand as ``name(of:)``.
  ///   - stored: the graph's stored tensors, by name.
  ///   - outputs: what the graph gives.
  init(_ nodes: [Onnx_NodeProto], channels: [String: Int], stored: [String: Onnx_TensorProto], outputs: [String]) {
    shapes = stored
    forms = channels.mapValues { Form(isFlat: false, channels: $0) }
    for node in nodes where !follow(node) {
      for input in node.input { restore(input) }
      self.nodes.append(node)
    }
    for output in outputs { restore(output) }
    let sizes = Dictionary(self.stored.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let widths = forms.filter { !$0.value.isFlat }.map { (Self.name(of: $0.key), $0.value.channels) }
    RowJoining.apply(
      to: &self.nodes, shapes: sizes, channels: Dictionary(uniqueKeysWithValues: widths), outputs: outputs)
    let read = Set(self.nodes.flatMap(\.input))
    self.stored.removeAll { !read.contains($0.name) }
  }

  /// The name of a tensor with its channels last.
  static func name(of tensor: String) -> String { "\(tensor)/last" }

  /// True when the node was rewritten.
  private mutating func follow(_ node: Onnx_NodeProto) -> Bool {
    guard node.domain.isEmpty || node.domain == "ai.onnx", node.output.count == 1, let first = node.input.first,
      let form = forms[first]
    else { return false }
    switch node.opType {
    case "Sigmoid", "Identity", "Exp", "Tanh", "Relu", "LeakyRelu": add(node, [first], form)
    case "Concat":
      let parts = node.input.compactMap { forms[$0] }
      let axis = node.integer("axis", default: 0)
      guard parts.count == node.input.count, parts.allSatisfy({ $0.isFlat == form.isFlat }) else { return false }
      if axis == 1 {
        let channels = parts.reduce(0) { $0 + $1.channels }
        add(node, node.input, Form(isFlat: form.isFlat, channels: channels), axis: form.isFlat ? 2 : 3)
      } else if axis == 2, form.isFlat, parts.allSatisfy({ $0.channels == form.channels }) {
        add(node, node.input, form, axis: 1)
      } else {
        return false
      }
    case "Reshape":
      // N x C x H x W to N x C x places.
      guard !form.isFlat, node.input.count == 2, let sizes = shapes[node.input[1]]?.integers(), sizes.count == 3,
        sizes[1] == form.channels || sizes[1] == 0, sizes[2] == -1, node.integer("allowzero", default: 0) == 0
      else { return false }
      let name = "\(node.output[0])/shape"
      stored.append(.integers(name, [sizes[0], -1, form.channels]))
      var made = node
      made.input = [Self.name(of: first), name]
      made.output = [Self.name(of: node.output[0])]
      nodes.append(made)
      forms[node.output[0]] = Form(isFlat: true, channels: form.channels)
    case "Transpose" where node.integers("perm") == (form.isFlat ? [0, 2, 1] : [0, 2, 3, 1]):
      nodes.append(.make("Identity", [Self.name(of: first)], node.output[0]))
    default: return false
    }
    return true
  }

  private mutating func add(_ node: Onnx_NodeProto, _ inputs: [String], _ form: Form, axis: Int? = nil) {
    var made = node
    made.input = inputs.map(Self.name)
    made.output = [Self.name(of: node.output[0])]
    if let axis {
      made.attribute.removeAll { $0.name == "axis" }
      made.set("axis", axis)
    }
    nodes.append(made)
    forms[node.output[0]] = form
  }

  /// Makes a tensor's own form from the other, once.
  private mutating func restore(_ tensor: String) {
    guard let form = forms[tensor], restored.insert(tensor).inserted else { return }
    var node = Onnx_NodeProto.make("Transpose", [Self.name(of: tensor)], tensor)
    // The node that makes the other form has the tensor's name already.
    node.name = "\(tensor)/planes"
    node.set("perm", form.isFlat ? [0, 2, 1] : [0, 3, 1, 2])
    nodes.append(node)
  }
}
