import Detectors
import EdgepipeCore
import EdgepipeONNX

/// Writes the quick form of an integer model: channels-last convolutions of ONNX Runtime's own (`com.microsoft`) with
/// operators of edgepipe between them. It takes the picture as bytes and gives the float model's outputs.
struct IntegerModelWriter {
  private let region: IntegerRegion
  private let layout: IntegerLayout
  private let format: InputFormat
  private let convolutions: [String: IntegerConvolution]
  private let joined: JoinedActivations
  private var nodes: [Onnx_NodeProto] = []
  private var stored: [Onnx_TensorProto] = []
  private var names: Set<String> = []

  /// - Parameters:
  ///   - convolutions: by their outputs; see ``IntegerConvolution/all(_:_:_:)``.
  ///   - format: how the float model wants its picture shifted and scaled.
  /// - Throws: a ``PipelineError`` when the first convolution cannot read bytes.
  static func write(
    _ model: OnnxModel, _ region: IntegerRegion, _ layout: IntegerLayout,
    convolutions: [String: IntegerConvolution], format: InputFormat
  ) throws -> OnnxModel {
    var writer = IntegerModelWriter(region, layout, convolutions, format)
    if region.headCount > 0 { try writer.addHead() }
    for step in region.integerSteps { try writer.add(step) }
    let tail = writer.tail(of: model.proto.graph)
    var result = model
    let read = Set((writer.nodes + tail.nodes).flatMap(\.input)).union(model.proto.graph.output.map(\.name))
    for name in region.boundary where read.contains(name) { try writer.leave(name) }
    let floats = model.proto.graph.initializer.filter { read.contains($0.name) }
    let packed = StoredWeights(tail.nodes, floats)
    result.proto.graph.node = writer.nodes + packed.nodes + tail.nodes
    result.proto.graph.initializer =
      writer.stored + tail.stored + packed.tensors + floats.filter { !packed.replaced.contains($0.name) }
    result.proto.graph.valueInfo = []
    for index in result.proto.graph.input.indices where result.proto.graph.input[index].name == region.input {
      result.proto.graph.input[index].type.tensorType.elemType = OnnxElement.uint8
    }
    for domain in [Self.microsoft, OnnxModel.ownDomain]
    where !result.proto.opsetImport.contains(where: { $0.domain == domain }) {
      result.proto.opsetImport.append(.version(domain == Self.microsoft ? 1 : OnnxModel.ownVersion, of: domain))
    }
    return result
  }

  static let microsoft = "com.microsoft"

  private init(
    _ region: IntegerRegion, _ layout: IntegerLayout, _ convolutions: [String: IntegerConvolution],
    _ format: InputFormat
  ) {
    (self.region, self.layout, self.convolutions, self.format) = (region, layout, convolutions, format)
    joined = JoinedActivations(region, layout)
  }

  /// The first convolutions, whose outputs are not rounded, from the picture's bytes to the first integers.
  private mutating func addHead() throws {
    let head = region.headSteps
    if let convolution = head.first?.convolution, let picture = PictureWeights(convolution, format: format) {
      let function = head.dropFirst().first?.activation
      add(picture, function, convolution, to: (function == nil ? head[0] : head[1]).output)
      nodes += region.headNodes(after: function == nil ? 1 : 2)
    } else {
      addFloatHead()
    }
    let scale = try scale(region.entry)
    var node = Onnx_NodeProto.make(
      "QuantizeFromPlanar", [region.entry], Self.bytes(region.entry), domain: OnnxModel.ownDomain)
    node.set("scale", scale.scales.map { Float($0) })
    node.set("zero", scale.zeros.map { Float($0) })
    nodes.append(node)
  }

  private mutating func addFloatHead() {
    var picture = "\(region.input)/floats"
    var cast = Onnx_NodeProto.make("Cast", [region.input], picture)
    cast.set("to", Int(OnnxElement.float))
    nodes.append(cast)
    for (type, values, neutral) in [("Sub", format.mean, Float(0)), ("Mul", format.scale, 1)]
    where values.contains(where: { $0 != neutral }) {
      let next = "\(picture)/\(type)"
      nodes.append(.make(type, [picture, store(.floats("\(next)/by", [1, 3, 1, 1], values))], next))
      picture = next
    }
    for var node in region.headNodes(after: 0) {
      node.input = node.input.map { $0 == region.input ? picture : $0 }
      nodes.append(node)
    }
  }

  /// The first convolution, as a product of integers whose sums are not rounded.
  private mutating func add(
    _ picture: PictureWeights, _ function: ActivationFunction?, _ convolution: FloatConvolution, to output: String
  ) {
    let inputs = [
      region.input, store(.signedBytes("\(output)/weights", convolution.shape, picture.weights)),
      store(.floats("\(output)/scales", [convolution.outputs], picture.scales)),
      store(.floats("\(output)/bias", [convolution.outputs], picture.bias)),
    ]
    var node = Onnx_NodeProto.make("PictureConvolution", inputs, output, domain: OnnxModel.ownDomain)
    setWindow(of: convolution, &node)
    node.set("fill", picture.fill)
    set(function, "identity", &node)
    nodes.append(node)
  }

  private func setWindow(of convolution: FloatConvolution, _ node: inout Onnx_NodeProto) {
    node.set("kernel_shape", [convolution.shape[2], convolution.shape[3]])
    node.set("strides", convolution.strides)
    node.set("pads", convolution.pads)
  }

  private func set(_ function: ActivationFunction?, _ other: String, _ node: inout Onnx_NodeProto) {
    node.set("function", function?.word ?? other)
    if case .leakyReLU(let alpha) = function { node.set("alpha", alpha) }
  }

  private mutating func add(_ step: IntegerStep) throws {
    switch step.operation {
    case .convolution(let convolution):
      if step.inputs[0] == region.input {
        try addStem(convolution, step.output, scale(step.output))
      } else if let integer = convolutions[step.output] {
        add(integer, convolution, from: Self.bytes(step.inputs[0]), to: step.output)
      } else {
        throw PipelineError("convolution '\(step.output)' has no integers", code: .internalFault)
      }
    case .activation where layout.isRectified.contains(step.inputs[0]):
      nodes.append(.make("Identity", [Self.bytes(step.inputs[0])], Self.bytes(step.output)))
    case .activation where joined.contains(step.output): break
    case .activation(let function):
      let node = Onnx_NodeProto.make(
        "QuantizedActivation", [Self.bytes(step.inputs[0])], Self.bytes(step.output), domain: OnnxModel.ownDomain)
      add(node, function, try scale(step.inputs[0]), try scale(step.output))
    case .add: try addSum(step)
    case .concatenation: try addConcatenation(step)
    case .maximum(let window, let stride, let pads):
      var node = Onnx_NodeProto.make(
        "ChannelsLastMaxPool", [Self.bytes(step.inputs[0])], Self.bytes(step.output), domain: OnnxModel.ownDomain)
      node.set("window", window)
      node.set("stride", stride)
      node.set("pads", pads)
      nodes.append(node)
    case .upsample(let factor):
      var node = Onnx_NodeProto.make(
        "NearestUpsample", [Self.bytes(step.inputs[0])], Self.bytes(step.output), domain: OnnxModel.ownDomain)
      node.set("factor", factor)
      nodes.append(node)
    }
  }

  private mutating func addStem(_ convolution: FloatConvolution, _ output: String, _ target: TensorScale) throws {
    guard let stem = PictureStem(convolution, format: format) else {
      throw PipelineError(
        "the first convolution, \(convolution.shape), cannot read bytes", remedy: "keep the model in float32",
        code: .unsupported)
    }
    var node = Onnx_NodeProto.make(
      "PixelPatches", [region.input], Self.bytes(region.input), domain: OnnxModel.ownDomain)
    node.set("patch", stem.patch)
    node.set("stride", stem.stride)
    node.set("pads", stem.pads)
    node.set("fill", stem.fill)
    nodes.append(node)
    let integer = try IntegerConvolution(stem.convolution, input: stem.scale, output: target, means: nil)
    add(integer, stem.convolution, from: Self.bytes(region.input), to: output)
  }

  private mutating func add(
    _ integer: IntegerConvolution, _ convolution: FloatConvolution, from source: String, to output: String
  ) {
    let one = float(1), zero = byte(0)
    let inputs = [
      source, one, byte(integer.inputZero),
      store(.signedBytes("\(output)/weights", convolution.shape, integer.weights.values)),
      store(.floats("\(output)/factors", [convolution.outputs], integer.factors.map { Float($0) })),
      signedZeros(convolution.outputs), one, zero, store(.words("\(output)/bias", integer.bias)),
    ]
    var node = Onnx_NodeProto.make("QLinearConv", inputs, Self.bytes(output), domain: Self.microsoft)
    node.set("channels_last", 1)
    node.set("group", convolution.groups)
    setWindow(of: convolution, &node)
    nodes.append(node)
  }

  private mutating func addConcatenation(_ step: IntegerStep) throws {
    let active = joined.inputs(of: step)
    guard let function = active.first?.activation else {
      var node = Onnx_NodeProto.make("Concat", step.inputs.map(Self.bytes), Self.bytes(step.output))
      node.set("axis", 3)
      return nodes.append(node)
    }
    let sources = step.inputs.map { input in active.first { $0.output == input }?.inputs[0] ?? input }
    var node = Onnx_NodeProto.make(
      "ActivatedConcat", sources.map(Self.bytes), Self.bytes(step.output), domain: OnnxModel.ownDomain)
    node.set("active", zip(sources, step.inputs).map { $0 == $1 ? 0 : 1 })
    add(
      node, function, .joined(try active.map { try scale($0.inputs[0]) }),
      .joined(try active.map { try scale($0.output) }))
  }

  private mutating func addSum(_ step: IntegerStep) throws {
    let target = try scale(step.output)
    var inputs: [String] = []
    for (index, name) in step.inputs.enumerated() {
      var source = try scale(name), bytes = Self.bytes(name)
      if !source.isUniform {
        // Channels joined from tensors of different scales: brought to one by a table.
        let one = TensorScale(scales: source.scales.map { _ in source.scales.max() ?? 1 }, zero: source.zeros[0])
        let common = "\(step.output)/\(index)"
        add(.make("QuantizedActivation", [bytes], common, domain: OnnxModel.ownDomain), nil, source, one)
        (source, bytes) = (one, common)
      }
      inputs += [bytes, float(Float(source.scales[0])), byte(Int(source.zeros[0]))]
    }
    inputs += [float(Float(target.scales[0])), byte(Int(target.zeros[0]))]
    nodes.append(.make("QLinearAdd", inputs, Self.bytes(step.output), domain: Self.microsoft))
  }

  /// The last convolutions, as products of integers that give floats, and what is left to do after them.
  private mutating func tail(of graph: Onnx_GraphProto) -> ChannelsLastTail {
    var channels: [String: Int] = [:]
    for step in region.lastConvolutions {
      guard let convolution = step.convolution, let integer = convolutions[step.output] else { continue }
      channels[step.output] = convolution.outputs
      add(integer, depth: convolution.depth, from: Self.bytes(step.inputs[0]), to: step.output)
    }
    return ChannelsLastTail(
      region.rest.filter { $0.output.allSatisfy { channels[$0] == nil } }, channels: channels,
      stored: Dictionary(graph.initializer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      outputs: graph.output.map(\.name))
  }

  private mutating func add(_ integer: IntegerConvolution, depth: Int, from source: String, to output: String) {
    let outputs = integer.factors.count
    // The operator wants depth x outputs.
    let turned = (0..<depth * outputs).map { integer.weights.values[$0 % outputs * depth + $0 / outputs] }
    let bias = zip(integer.bias, integer.factors).map { Float(Double($0) * $1) }
    let inputs = [
      source, store(.signedBytes("\(output)/weights", [depth, outputs], turned)), float(1),
      store(.floats("\(output)/factors", [outputs], integer.factors.map { Float($0) })), byte(integer.inputZero), "",
      store(.floats("\(output)/bias", [outputs], bias)),
    ]
    nodes.append(
      .make("MatMulIntegerToFloat", inputs, ChannelsLastTail.name(of: output), domain: Self.microsoft))
  }

  private mutating func leave(_ name: String) throws {
    let scale = try scale(name)
    var node = Onnx_NodeProto.make("DequantizeToPlanar", [Self.bytes(name)], name, domain: OnnxModel.ownDomain)
    node.set("scale", scale.scales.map { Float($0) })
    node.set("offset", scale.offsets.map { Float($0) })
    nodes.append(node)
  }

  /// A node that looks values up, with the tables' scales; nil for the function that changes nothing.
  private mutating func add(
    _ node: Onnx_NodeProto, _ function: ActivationFunction?, _ input: TensorScale, _ output: TensorScale
  ) {
    let isUniform = input.isUniform && output.isUniform
    func floats(_ values: [Double]) -> [Float] { (isUniform ? Array(values.prefix(1)) : values).map { Float($0) } }
    var node = node
    set(function, "identity", &node)
    node.set("scale", floats(input.scales))
    node.set("offset", floats(input.offsets))
    node.set("output_scale", floats(output.scales))
    node.set("output_zero", floats(output.zeros))
    nodes.append(node)
  }

  private func scale(_ name: String) throws -> TensorScale {
    guard let scale = layout.tensors[name], !scale.scales.isEmpty else {
      throw PipelineError("tensor '\(name)' has no scale", code: .internalFault)
    }
    return scale
  }

  /// The name of a tensor's integers.
  private static func bytes(_ name: String) -> String { "\(name)/bytes" }

  private mutating func store(_ tensor: Onnx_TensorProto) -> String {
    if names.insert(tensor.name).inserted { stored.append(tensor) }
    return tensor.name
  }

  // Numbers that many nodes share are stored once.

  private mutating func float(_ value: Float) -> String { store(.floats("float/\(value)", [], [value])) }
  private mutating func byte(_ value: Int) -> String {
    store(.bytes("byte/\(value)", [], [UInt8(clamping: value)]))
  }
  private mutating func signedZeros(_ count: Int) -> String {
    store(.signedBytes("zeros/\(count)", [count], Array(repeating: 0, count: count)))
  }
}
