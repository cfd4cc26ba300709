import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Puts operators of ours, whose kernels use what this processor has, in place of a model's integer convolutions when it is
/// opened: the same bytes, sooner. The file knows nothing of it, so it runs on every machine.
///
/// Replaced are channels-last convolutions (`com.microsoft.QLinearConv`) of 1 x 1 and of each channel by itself, each with the
/// ``QuantizedActivation`` that alone reads it, and the float convolutions before the integers (``FloatChain``), whose bytes may
/// be the next ones. Where there is no kernel for ``PictureConvolution``, ONNX Runtime's float
/// convolution takes its place, which is faster than a plain loop.
struct KernelFusion {
  private var graph: Onnx_GraphProto
  private let stored: [String: Onnx_TensorProto]
  private var readers: [String: [Int]] = [:]
  private let outputs: Set<String>
  private let instructions: InstructionSet

  /// The model with the operators; nil where there is nothing to replace, or nothing to replace it with.
  static func fused(_ data: Data, instructions: InstructionSet = .used) -> Data? {
    let types = [PictureConvolution.name] + (instructions == .none ? [] : ["QLinearConv"])
    guard types.contains(where: { data.range(of: Data($0.utf8)) != nil }),
      var model = try? OnnxModel(data: data, name: "model")
    else { return nil }
    var fusion = KernelFusion(model.proto.graph, instructions)
    guard instructions == .none ? fusion.spellOut() : fusion.replace() else { return nil }
    model.proto.graph = fusion.graph
    if !model.proto.opsetImport.contains(where: { $0.domain == OnnxModel.ownDomain }) {
      model.proto.opsetImport.append(.version(OnnxModel.ownVersion, of: OnnxModel.ownDomain))
    }
    return try? model.serialized()
  }

  private init(_ graph: Onnx_GraphProto, _ instructions: InstructionSet) {
    (self.graph, self.instructions) = (graph, instructions)
    stored = Dictionary(graph.initializer.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    outputs = Set(graph.output.map(\.name))
    for (index, node) in graph.node.enumerated() {
      for input in node.input { readers[input, default: []].append(index) }
    }
  }

  /// - Returns: whether there was anything to replace.
  private mutating func replace() -> Bool {
    var count = 0
    var gone: Set<Int> = []
    // There are kernels of those for one set only.
    for index in graph.node.indices where instructions == .avx512 {
      guard let chain = FloatChain(from: index, of: graph, stored, readers: readers, outputs: outputs) else { continue }
      for (place, node) in chain.made { graph.node[place] = node }
      gone.formUnion(chain.gone)
      count += chain.made.count
    }
    for index in graph.node.indices {
      guard let convolution = QuantizedConvolution(graph.node[index], stored) else { continue }
      let activation = activation(of: convolution.output)
      guard
        var node = node(for: convolution, to: activation.map { graph.node[$0].output[0] } ?? convolution.output)
      else { continue }
      if let activation {
        node.attribute += graph.node[activation].attribute
        gone.insert(activation)
      } else {
        node.set("function", "none")
      }
      graph.node[index] = node
      count += 1
    }
    graph.node = graph.node.indices.filter { !gone.contains($0) }.map { graph.node[$0] }
    return count > 0
  }

  /// The look-up that alone reads a tensor, by its place.
  private func activation(of name: String) -> Int? {
    guard !outputs.contains(name), let reader = readers[name], reader.count == 1,
      graph.node[reader[0]].opType == QuantizedActivation.name, graph.node[reader[0]].domain == OnnxModel.ownDomain,
      graph.node[reader[0]].output.count == 1
    else { return nil }
    return reader[0]
  }

  /// Nil where no kernel takes the convolution.
  private mutating func node(for convolution: QuantizedConvolution, to output: String) -> Onnx_NodeProto? {
    // Products of matrices are as fast in ONNX Runtime's own kernels for narrower instructions.
    guard convolution.isDepthwise || convolution.isPointwise && instructions == .avx512 else { return nil }
    let name = convolution.isDepthwise ? DepthwiseConvolution.name : PointwiseConvolution.name
    let factors = Onnx_TensorProto.floats(
      "\(convolution.output)/kernel/factors", [convolution.outputs], convolution.factors)
    let bias = Onnx_TensorProto.words("\(convolution.output)/kernel/bias", convolution.bias)
    guard stored[factors.name] == nil, stored[bias.name] == nil else { return nil }
    graph.initializer += [factors, bias]
    var node = Onnx_NodeProto.make(
      name, [convolution.input, convolution.weights, factors.name, bias.name], output, domain: OnnxModel.ownDomain)
    if convolution.isDepthwise {
      node.set("kernel_shape", Array(convolution.shape.suffix(2)))
      node.set("strides", convolution.strides)
      node.set("pads", convolution.pads)
      node.set("zero", convolution.zero)
    }
    return node
  }

  /// - Returns: whether a picture's convolution has become float nodes.
  private mutating func spellOut() -> Bool {
    let nodes = graph.node.flatMap { node -> [Onnx_NodeProto] in
      guard let made = FloatPicture(node, stored) else { return [node] }
      graph.initializer += made.stored
      return made.nodes
    }
    guard nodes.count > graph.node.count else { return false }
    graph.node = nodes
    return true
  }
}
