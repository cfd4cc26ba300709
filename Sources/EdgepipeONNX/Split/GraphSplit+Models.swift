import EdgepipeCore

extension GraphSplit {
  /// The parts as models of their own.
  ///
  /// Each has the metadata, operator sets and functions of the whole, and the stored tensors that it reads. Weights
  /// that a run of the whole may replace, being among its inputs, stay so.
  ///
  /// - Parameter describe: gives types and shapes of tensors about which the file says nothing.
  /// - Throws: what `describe` throws, and a ``PipelineError`` (`unsupported`) when it leaves one out.
  package func models(
    describe: ([String]) throws -> [String: Onnx_ValueInfoProto]
  ) throws -> [OnnxModel] {
    let whole = graph.model.proto.graph
    var known: [String: Onnx_ValueInfoProto] = [:]
    for info in whole.valueInfo + whole.output + whole.input where info.isStated { known[info.name] = info }
    let unstated = cutTensors.filter { known[$0] == nil }
    if !unstated.isEmpty {
      let described = try describe(unstated)
      for name in unstated {
        guard let info = described[name] else {
          throw PipelineError(
            "the type of the tensor '\(Quoted.short(name))' of model '\(graph.model.name)' is not known",
            remedy: "cut at another tensor, or infer the shapes of the file first (onnx.shape_inference)",
            code: .unsupported)
        }
        known[name] = info
      }
    }
    let names = Dictionary(whole.output.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return parts.indices.map { model(of: $0, known.merging(names) { known, _ in known }) }
  }

  private func model(of index: Int, _ known: [String: Onnx_ValueInfoProto]) -> OnnxModel {
    let part = parts[index], whole = graph.model.proto.graph
    var proto = graph.model.proto
    proto.trainingInfo = []
    if parts.count > 1 { proto.graph.name = "\(whole.name)-part\(index + 1)" }
    proto.graph.node = part.nodes.map { whole.node[$0] }
    let made = Set(proto.graph.node.flatMap(\.output))
    let read = Set(part.nodes.flatMap { graph.reads[$0] }).union(part.outputs)
    proto.graph.initializer = whole.initializer.filter { read.contains($0.name) }
    proto.graph.sparseInitializer = whole.sparseInitializer.filter { read.contains($0.values.name) }
    func info(_ name: String) -> Onnx_ValueInfoProto {
      if let info = known[name] { return info }
      var info = Onnx_ValueInfoProto()
      info.name = name
      return info
    }
    proto.graph.input =
      part.inputs.map(info)
      + whole.input.filter { graph.stored.contains($0.name) && read.contains($0.name) }
    proto.graph.output = part.outputs.map(info)
    let borders = Set(part.inputs + part.outputs)
    proto.graph.valueInfo = whole.valueInfo.filter { made.contains($0.name) && !borders.contains($0.name) }
    proto.graph.quantizationAnnotation = whole.quantizationAnnotation.filter {
      made.contains($0.tensorName) || read.contains($0.tensorName)
    }
    proto.functions = functions(for: proto.graph.node)
    return OnnxModel(proto: proto, name: "\(graph.model.name), part \(index + 1)")
  }

  /// Those that nodes call, and those that these call.
  private func functions(for nodes: [Onnx_NodeProto]) -> [Onnx_FunctionProto] {
    let all = graph.model.proto.functions
    guard !all.isEmpty else { return [] }
    var wanted: Set<Int> = [], open = nodes
    while let node = open.popLast() {
      open += node.attribute.flatMap(\.innerGraphs).flatMap(\.node)
      for (index, function) in all.enumerated()
      where function.name == node.opType && function.domain == node.domain && wanted.insert(index).inserted {
        open += function.node
      }
    }
    return wanted.sorted().map { all[$0] }
  }
}

extension Onnx_ValueInfoProto {
  /// Whether it says the type of its elements and how many dimensions there are.
  fileprivate var isStated: Bool {
    guard hasType, case .tensorType(let tensor)? = type.value else { return false }
    return tensor.elemType != 0 && tensor.hasShape
  }
}
