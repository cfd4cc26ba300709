import EdgepipeCore

/// Raises models to operator set 13, the first in which weights are quantized for each channel and the axes of an
/// operator may be computed; what rewrites models then needs to know one form of each operator.
package enum OnnxOpset {
  static let target = 13
  /// Older sets keep shapes in attributes and broadcast by rules of their own.
  static let oldest = 6

  /// Rewrites the operators whose meaning or form has changed since the model's operator set. The model computes the
  /// same as before, to the bit, for finite numbers; one of set 13 or later is left as it is.
  ///
  /// - Returns: whether anything was done.
  /// - Throws: a ``PipelineError`` (`malformed`) that names the operator for which there is no equal form.
  @discardableResult
  package static func upgrade(_ model: inout OnnxModel) throws -> Bool {
    guard let index = model.proto.opsetImport.firstIndex(where: { isStandard($0.domain) }) else { return false }
    let version = Int(clamping: model.proto.opsetImport[index].version)
    guard version < target else { return false }
    guard version >= oldest, model.proto.functions.isEmpty, model.proto.trainingInfo.isEmpty else {
      throw OnnxModel.unsound(
        model.name,
        version < oldest
          ? "uses operator set \(version); \(oldest) is the oldest that can be converted to \(target)"
          : "has functions or training of operator set \(version), which cannot be converted to \(target)")
    }
    var upgrade = OnnxOpsetUpgrade(from: version, model: model)
    try upgrade.run(&model.proto.graph)
    model.proto.opsetImport[index].version = Int64(target)
    if model.proto.irVersion < 4 {
      // Before, weights had to be among the inputs; now that would make them inputs that a run may replace.
      let stored = Set(model.proto.graph.initializer.map(\.name))
      model.proto.graph.input.removeAll { stored.contains($0.name) }
    }
    // The format that came with set 13.
    model.proto.irVersion = max(model.proto.irVersion, 7)
    return true
  }

  package static func isStandard(_ domain: String) -> Bool { domain.isEmpty || domain == "ai.onnx" }
}

/// One model on its way to another operator set.
struct OnnxOpsetUpgrade {
  let from: Int
  private let model: String
  /// Every name of a value in the model.
  private var names: Set<String> = []
  /// Of the graph that is worked on, and those around it.
  private(set) var values = OnnxKnownValues()
  /// For the graph that is worked on.
  private var made: [Onnx_TensorProto] = []
  private(set) var nodes: [Onnx_NodeProto] = []

  init(from: Int, model: OnnxModel) {
    self.from = from
    self.model = model.name
    collectNames(model.proto.graph)
  }

  private mutating func collectNames(_ graph: Onnx_GraphProto) {
    names.formUnion(graph.input.map(\.name) + graph.initializer.map(\.name))
    for node in graph.node {
      names.formUnion(node.output)
      for attribute in node.attribute { attribute.innerGraphs.forEach { collectNames($0) } }
    }
  }

  mutating func run(_ graph: inout Onnx_GraphProto) throws {
    let outer = (values: values, made: made, nodes: nodes)
    values.add(graph)
    made = []
    nodes = []
    for var node in graph.node {
      for index in node.attribute.indices {
        if node.attribute[index].hasG { try run(&node.attribute[index].g) }
        for inner in node.attribute[index].graphs.indices { try run(&node.attribute[index].graphs[inner]) }
      }
      if OnnxOpset.isStandard(node.domain) { try raise(node) } else { emit(node) }
    }
    graph.node = nodes
    graph.initializer += made
    (values, made, nodes) = outer
  }

  // MARK: - For the rules

  mutating func emit(_ node: Onnx_NodeProto) { nodes.append(node) }

  /// A name that no value has.
  mutating func name(_ wanted: String) -> String {
    var name = wanted, count = 1
    while !names.insert(name).inserted {
      count += 1
      name = "\(wanted)_\(count)"
    }
    return name
  }

  /// Keeps a list of integers as a weight, and gives its name.
  mutating func constant(_ integers: [Int], for node: Onnx_NodeProto, _ what: String) -> String {
    let name = name("\(node.output.first ?? node.opType)_\(what)")
    made.append(.integers(name, integers))
    return name
  }

  /// Keeps a number of the type of `like` as a weight, and gives its name.
  mutating func scalar(_ value: Float, like input: String, for node: Onnx_NodeProto, _ what: String) throws -> String {
    let type = values.type(of: input) ?? OnnxElement.float
    guard type == OnnxElement.float else { throw refused(node, "works on values other than float32") }
    let name = name("\(node.output.first ?? node.opType)_\(what)")
    made.append(.floats(name, [], [value]))
    return name
  }

  /// Keeps a list of numbers as a weight, and gives its name.
  mutating func constant(_ numbers: [Float], for node: Onnx_NodeProto, _ what: String) -> String {
    let name = name("\(node.output.first ?? node.opType)_\(what)")
    made.append(.floats(name, [numbers.count], numbers))
    return name
  }

  func refused(_ node: Onnx_NodeProto, _ why: String) -> PipelineError {
    let label = Quoted.short(node.label)
    return PipelineError(
      "model '\(model)' cannot be converted from operator set \(from) to \(OnnxOpset.target): \(label) \(why)",
      remedy: "export it with operator set \(OnnxOpset.target)", code: .unsupported)
  }
}

/// What a model says of its values without being run: types and ranks of inputs, weights and those that it notes.
struct OnnxKnownValues {
  private var ranks: [String: Int] = [:]
  private var types: [String: Int32] = [:]
  private var weights: [String: Onnx_TensorProto] = [:]

  mutating func add(_ graph: Onnx_GraphProto) {
    for value in graph.input + graph.valueInfo + graph.output where value.type.tensorType.hasShape {
      ranks[value.name] = value.type.tensorType.shape.dim.count
    }
    for value in graph.input + graph.valueInfo + graph.output where value.type.tensorType.elemType != 0 {
      types[value.name] = value.type.tensorType.elemType
    }
    for tensor in graph.initializer {
      ranks[tensor.name] = tensor.dims.count
      types[tensor.name] = tensor.dataType
      weights[tensor.name] = tensor
    }
    for node in graph.node where node.opType == "Constant" {
      guard let output = node.output.first, let value = node.attribute("value"), value.hasT else { continue }
      ranks[output] = value.t.dims.count
      types[output] = value.t.dataType
      weights[output] = value.t
    }
  }

  func rank(of name: String) -> Int? { ranks[name] }
  func type(of name: String) -> Int32? { types[name] }
  func weight(_ name: String) -> Onnx_TensorProto? { weights[name] }
}

extension Onnx_AttributeProto {
  package var innerGraphs: [Onnx_GraphProto] { hasG ? [g] + graphs : graphs }
}
