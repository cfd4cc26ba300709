package import EdgepipeONNX

extension ModelDescription {
  /// What a file says of itself.
  package init(_ model: OnnxModel) {
    let graph = model.proto.graph
    let stored = Set(graph.initializer.map(\.name))
    var inputs = graph.input.filter { !stored.contains($0.name) }.map(TensorDescription.init)
    var outputs = graph.output.map(TensorDescription.init)
    // What is not stated the engine infers from the operators.
    for (index, output) in graph.output.enumerated() where output.type.tensorType.elemType == 0 {
      outputs[index].element = .float32
    }
    let needsFreeing = inputs.first.map { Self.isBatch($0.shape) } == true && Self.runsAlone(model)
    if needsFreeing {
      for index in inputs.indices where Self.isBatch(inputs[index].shape) { inputs[index].shape[0] = 1 }
      for index in outputs.indices where Self.isBatch(outputs[index].shape) { outputs[index].shape[0] = 1 }
    }
    let properties = model.proto.metadataProps.map { ($0.key, $0.value) }
    self.init(
      inputs: inputs, outputs: outputs,
      metadata: ModelMetadata(Dictionary(properties, uniquingKeysWith: { first, _ in first })),
      evidence: OutputTrace(graph).evidence, precision: OnnxPrecision.of(graph, inputs: inputs),
      needsFreeing: needsFreeing)
  }

  private static func isBatch(_ shape: [Int?]) -> Bool { shape.first.flatMap { $0 }.map { $0 > 1 } ?? false }

  /// Whether the graph itself, whose shapes are followed, is tied to no number of pictures.
  private static func runsAlone(_ model: OnnxModel) -> Bool {
    var freed = model
    guard (try? OnnxShapes.free(&freed)) == true else { return false }
    return freed.proto.graph.output.allSatisfy { $0.type.tensorType.shape.dim.first?.size ?? 1 == 1 }
  }
}

extension TensorDescription {
  init(_ info: Onnx_ValueInfoProto) {
    let tensor = info.type.tensorType
    self.init(
      name: info.name, element: TensorElement(onnx: tensor.elemType),
      shape: tensor.shape.dim.map { dimension in
        if case .dimValue(let size)? = dimension.value, size > 0 { Int(size) } else { nil }
      })
  }
}

/// In what numbers a model calculates, by its operators.
enum OnnxPrecision {
  private static let integer: Set<String> = [
    "QuantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "QGemm",
  ]

  static func of(_ graph: Onnx_GraphProto, inputs: [TensorDescription]) -> String {
    if graph.node.contains(where: { integer.contains($0.opType) || $0.opType.hasPrefix("QLinear") }) { return "int8" }
    let halves = Set(
      graph.initializer.filter { TensorElement(onnx: $0.dataType) == .float16 }.map(\.name))
    let weighted = graph.node.filter { ["Conv", "ConvTranspose", "MatMul", "Gemm"].contains($0.opType) }
    if weighted.contains(where: { $0.input.count > 1 && halves.contains($0.input[1]) }) { return "float16" }
    if graph.node.contains(where: { $0.opType == "DequantizeLinear" }) { return "int8 weights" }
    return weighted.isEmpty && inputs.allSatisfy { $0.element == .float16 } ? "float16" : "float32"
  }
}

/// The way back from the outputs to the convolutions that make them.
struct OutputTrace {
  private(set) var evidence = OutputEvidence()

  init(_ graph: Onnx_GraphProto) {
    var makers: [String: Onnx_NodeProto] = [:]
    for node in graph.node { for output in node.output where !output.isEmpty { makers[output] = node } }
    var tensors: [String: [Int]] = [:]
    for tensor in graph.initializer { tensors[tensor.name] = tensor.dims.map { Int(clamping: $0) } }
    for node in graph.node where node.opType == "Constant" {
      if let name = node.output.first, let value = node.attribute("value") {
        tensors[name] = value.t.dims.map { Int(clamping: $0) }
      }
    }
    var seen: Set<String> = [], open = graph.output.map(\.name)
    while let name = open.popLast() {
      guard seen.insert(name).inserted, let node = makers[name] else { continue }
      switch node.opType {
      case "Exp": evidence.hasExponential = true
      case "Softmax": evidence.hasSoftmax = true
      case "Conv", "QLinearConv", "ConvInteger":
        let place = node.opType == "QLinearConv" ? 3 : 1
        let shape = node.input.count > place ? Self.shape(node.input[place], tensors, makers) : nil
        // The mean of a distribution is written as a convolution over its 16 bins.
        if let shape, shape.count == 4, shape[0] == 1, shape[2] == 1, shape[3] == 1, shape[1] <= 32,
          let before = node.input.first, Self.isDistribution(before, makers)
        {
          break
        }
        if let channels = shape?.first { evidence.channels.insert(channels) }
        continue
      case "Gemm", "MatMul", "ConvTranspose", "MatMulInteger", "QLinearMatMul":
        if node.input.dropFirst().contains(where: { Self.shape($0, tensors, makers) != nil }) {
          if node.opType != "ConvTranspose" { evidence.hasDense = true }
          continue
        }
      default: break
      }
      open.append(contentsOf: node.input.filter { !$0.isEmpty && tensors[$0] == nil })
    }
  }

  /// The shape of stored weights, also behind what unpacks them.
  private static func shape(_ name: String, _ tensors: [String: [Int]], _ makers: [String: Onnx_NodeProto]) -> [Int]? {
    var name = name
    for _ in 0..<4 {
      if let shape = tensors[name] { return shape }
      guard let maker = makers[name],
        ["DequantizeLinear", "Cast", "Identity", "QuantizeLinear"].contains(maker.opType),
        let before = maker.input.first
      else { return nil }
      name = before
    }
    return nil
  }

  private static func isDistribution(_ name: String, _ makers: [String: Onnx_NodeProto]) -> Bool {
    var name = name
    for _ in 0..<6 {
      guard let maker = makers[name], let before = maker.input.first else { return false }
      if maker.opType == "Softmax" { return true }
      guard ["Transpose", "QuantizeLinear", "DequantizeLinear", "Cast", "Reshape", "Identity"].contains(maker.opType)
      else {
        return false
      }
      name = before
    }
    return false
  }
}
