import EdgepipeONNX

/// Writes the portable form of an integer model: the float model's own operators with pairs of `QuantizeLinear` and
/// `DequantizeLinear` around them, which an engine melts into integer kernels where it has them and computes in floats
/// where not. It takes and gives what the float model does.
struct PortableModelWriter {
  private let graph: Onnx_GraphProto
  private let layout: PortableLayout
  private let outputs: Set<String>
  private let clusters: Int?
  private let moments: InputMoments?
  private var nodes: [Onnx_NodeProto] = []
  private var stored: [Onnx_TensorProto] = []
  private var names: Set<String> = []
  /// Convolutions in integers.
  private(set) var integerConvolutions = 0

  /// - Parameters:
  ///   - packsFloats: stores large weights of convolutions that stay in floats in 8 bits.
  ///   - clusters: each layer's integer weights have so many values at most, depthwise ones apart; nil for all of 8
  ///     bits.
  ///   - moments: by which weights are rounded for the outputs' sake; nil for to nearest, and not looked at where weights
  ///     are shared.
  /// - Returns: the model, and how many convolutions of it have integers on both sides.
  static func write(
    _ model: OnnxModel, _ region: IntegerRegion, _ layout: PortableLayout, packsFloats: Bool = true,
    clusters: Int? = nil, moments: InputMoments? = nil
  ) throws -> (model: OnnxModel, integerConvolutions: Int) {
    var writer = PortableModelWriter(model.proto.graph, layout, clusters, clusters == nil ? moments : nil)
    var steps: [Int: IntegerStep] = [:], taken: Set<Int> = []
    for step in region.steps {
      if let last = step.nodes.max() { steps[last] = step }
      taken.formUnion(step.nodes)
    }
    for (index, node) in model.proto.graph.node.enumerated() {
      if let step = steps[index] { try writer.add(step) } else if !taken.contains(index) { writer.copy(node) }
    }
    return (writer.finished(model, packsFloats: packsFloats), writer.integerConvolutions)
  }

  private init(_ graph: Onnx_GraphProto, _ layout: PortableLayout, _ clusters: Int?, _ moments: InputMoments?) {
    (self.graph, self.layout, self.clusters, self.moments) = (graph, layout, clusters, moments)
    outputs = Set(graph.output.map(\.name))
  }

  private func finished(_ model: OnnxModel, packsFloats: Bool) -> OnnxModel {
    let read = Set(nodes.flatMap(\.input))
    let floats = graph.initializer.filter { read.contains($0.name) }
    let packed = StoredWeights(packsFloats ? nodes : [], floats)
    var result = model
    result.proto.graph.node = packed.nodes + nodes
    result.proto.graph.initializer = stored + packed.tensors + floats.filter { !packed.replaced.contains($0.name) }
    result.proto.graph.valueInfo = []
    return result
  }

  private mutating func add(_ step: IntegerStep) throws {
    switch step.operation {
    case .convolution(let convolution):
      if let source = layout.scales[step.inputs[0]], isRounded(step.output) {
        try add(convolution, step, source)
      } else {
        copy(graph.node[step.nodes[0]])
      }
    case .activation(.silu) where layout.scales[step.inputs[0]] != nil && layout.scales[step.output] != nil:
      // The gate lies in 0...1.
      let gate = graph.node[step.nodes[0]].output[0]
      copy(graph.node[step.nodes[0]])
      let scale = PortableScale(scale: 1 / 255, zero: layout.isSigned ? -128 : 0)
      round(gate, scale, to: gate + Self.rounded)
      var product = graph.node[step.nodes[1]]
      product.input = product.input.map { $0 == gate ? gate + Self.rounded : value($0) }
      product.output = [float(step.output)]
      nodes.append(product)
    default:
      for index in step.nodes { copy(graph.node[index]) }
    }
    if let scale = layout.scales[step.output] { round(float(step.output), scale, to: value(step.output)) }
  }

  /// True for sums that are rounded, or that are after the ReLU that alone reads them.
  private func isRounded(_ name: String) -> Bool {
    if layout.scales[name] != nil { return true }
    guard layout.rectified.contains(name) else { return false }
    return graph.node.contains { $0.input.first == name && layout.scales[$0.output[0]] != nil }
  }

  private mutating func add(_ convolution: FloatConvolution, _ step: IntegerStep, _ source: PortableScale) throws {
    let plain = TensorScale(scales: Array(repeating: 1, count: convolution.outputs), zero: 0)
    let means = layout.means[step.inputs[0]]
    var integer = try IntegerConvolution(
      convolution, input: source.tensor(channels: convolution.inputs), output: plain, means: means,
      moments: moments?.matrices[step.output] ?? [])
    if let clusters, !convolution.isDepthwise {
      integer.share(clusters, convolution, means: means?.map { $0 / Double(source.scale) })
    }
    let name = step.output, outputs = convolution.outputs
    let scales = integer.weights.scales.map { Float($0 / Double(source.scale)) }
    dequantize(
      store(.signedBytes("\(name)/weights_integers", convolution.shape, integer.weights.values)),
      store(.floats("\(name)/weights_scales", [outputs], scales)),
      store(.signedBytes("zeros/\(outputs)", [outputs], Array(repeating: 0, count: outputs))),
      to: "\(name)/weights", axis: 0)
    dequantize(
      store(.words("\(name)/bias_integers", integer.bias)),
      store(.floats("\(name)/bias_scales", [outputs], scales.map { $0 * source.scale })),
      store(.words("word_zeros/\(outputs)", Array(repeating: 0, count: outputs))), to: "\(name)/bias", axis: 0)
    var node = graph.node[step.nodes[0]]
    node.input = [value(step.inputs[0]), "\(name)/weights", "\(name)/bias"]
    node.output = [float(name)]
    nodes.append(node)
    integerConvolutions += 1
  }

  /// A node of the float model, reading what was rounded.
  private mutating func copy(_ node: Onnx_NodeProto) {
    var node = node
    node.input = node.input.map(value)
    node.output = node.output.map(float)
    nodes.append(node)
  }

  // MARK: - Names and pairs

  private static let rounded = "/rounded"

  /// What readers of a tensor read.
  private func value(_ name: String) -> String {
    layout.scales[name] == nil || outputs.contains(name) ? name : name + Self.rounded
  }

  /// What a tensor is called before it is rounded.
  private func float(_ name: String) -> String {
    layout.scales[name] != nil && outputs.contains(name) ? "\(name)/float" : name
  }

  private mutating func round(_ source: String, _ scale: PortableScale, to target: String) {
    let step = store(.floats("scale/\(scale.scale)", [], [scale.scale]))
    let zero = store(
      layout.isSigned
        ? .signedBytes("signed_zero/\(scale.zero)", [], [Int8(clamping: scale.zero)])
        : .bytes("zero/\(scale.zero)", [], [UInt8(clamping: scale.zero)]))
    let integers = "\(target)/integers"
    nodes.append(.make("QuantizeLinear", [source, step, zero], integers))
    dequantize(integers, step, zero, to: target, axis: nil)
  }

  private mutating func dequantize(_ source: String, _ scale: String, _ zero: String, to target: String, axis: Int?) {
    var node = Onnx_NodeProto.make("DequantizeLinear", [source, scale, zero], target)
    if let axis { node.set("axis", axis) }
    nodes.append(node)
  }

  private mutating func store(_ tensor: Onnx_TensorProto) -> String {
    if names.insert(tensor.name).inserted { stored.append(tensor) }
    return tensor.name
  }
}
