import Detectors
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Computes what depends on stored tensors alone, by running that part of the graph in the engine, and stores it.
///
/// Random operators stay, and so do those that make numbers out of smaller ones (`DequantizeLinear`), nodes that hold
/// graphs, and what would make the file much larger.
struct ConstantFolding: GraphPass {
  let name = "constant folding"
  let isExact = true

  /// A result that is larger stays computed, in bytes.
  static let maximumResult = 1 << 18
  /// What all results together may add to the file, in bytes.
  static let maximumGrowth = 1 << 20

  private let engine: any InferenceEngine

  init(engine: any InferenceEngine) { self.engine = engine }

  func apply(to model: inout OnnxModel) -> Int {
    let types = ElementTypes(model.proto.graph)
    // A run might replace those that are inputs as well.
    let inputs = Set(model.proto.graph.input.map(\.name))
    var known = Set(model.proto.graph.initializer.map(\.name)).subtracting(inputs), foldable: Set<Int> = []
    for (index, node) in model.proto.graph.node.enumerated() where Self.canFold(node, known, types) {
      foldable.insert(index)
      known.formUnion(node.output.filter { !$0.isEmpty })
    }
    // Results are what the rest of the graph reads of them.
    let fixed = model.fixedNames()
    var read = fixed
    for (index, node) in model.proto.graph.node.enumerated() where !foldable.contains(index) {
      read.formUnion(node.input)
    }
    let wanted = foldable.sorted().flatMap { model.proto.graph.node[$0].output }.filter {
      read.contains($0) && !fixed.contains($0)
    }
    guard !wanted.isEmpty,
      let results = try? compute(wanted, of: model, foldable: foldable, types: types)
    else { return 0 }
    var growth = 0
    for tensor in results {
      let size = tensor.elementCount * (OnnxElement.bits(tensor.dataType) ?? 64) / 8
      guard size <= Self.maximumResult, growth + size <= Self.maximumGrowth else { continue }
      growth += size
      for index in model.proto.graph.node.indices where model.proto.graph.node[index].output.contains(tensor.name) {
        // The node's own result gets another name, and is removed below when nobody needs it.
        let place = model.proto.graph.node[index].output.firstIndex(of: tensor.name) ?? 0
        model.proto.graph.node[index].output[place] = model.unusedName("\(tensor.name)_computed")
      }
      model.proto.graph.initializer.append(tensor)
    }
    let before = model.proto.graph.node.count
    _ = DeadNodeElimination().apply(to: &model)
    return before - model.proto.graph.node.count
  }

  private static let numbers = [OnnxElement.float, OnnxElement.int64, OnnxElement.int32, OnnxElement.bool]

  private static func canFold(_ node: Onnx_NodeProto, _ known: Set<String>, _ types: ElementTypes) -> Bool {
    guard node.isStandard, !CommonSubexpressions.isRandom(node), node.opType != "DequantizeLinear",
      node.attribute.allSatisfy({ $0.innerGraphs.isEmpty }), node.input.contains(where: { !$0.isEmpty }),
      node.input.allSatisfy({ $0.isEmpty || known.contains($0) })
    else { return false }
    return node.output.allSatisfy { name in
      name.isEmpty || types[name].map(numbers.contains) == true
    }
  }

  // MARK: - Through the engine

  /// Engines give float32 alone, so whole numbers leave in three parts of 22 bits, each of which a float holds exactly:
  /// v = ((a * 2^22) + b) * 2^22 + c.
  private static let partBits = 22

  private func compute(
    _ wanted: [String], of model: OnnxModel, foldable: Set<Int>, types: ElementTypes
  ) throws -> [Onnx_TensorProto] {
    var part = OnnxModel(proto: model.proto, name: model.name)
    part.proto.functions = []
    part.proto.graph.node = foldable.sorted().map { model.proto.graph.node[$0] }
    let read = Set(part.proto.graph.node.flatMap(\.input))
    part.proto.graph.initializer = model.proto.graph.initializer.filter { read.contains($0.name) }
    part.proto.graph.valueInfo = []
    let picture = part.unusedName("picture")
    part.proto.graph.input = [.tensor(picture, [1, 3, 1, 1].map { .fixed($0) })]
    part.proto.graph.output = []
    let base = part.unusedName("edgepipe_part_base")
    part.proto.graph.initializer.append(.integers(base, [1 << Self.partBits]).scalar)
    for name in wanted {
      var names = [name]
      if types[name] != OnnxElement.float { names = Self.split(name, base: base, &part) }
      part.proto.graph.output += names.map(Onnx_ValueInfoProto.floats)
    }
    let session = try engine.makeSession(model: part.serialized(), options: SessionOptions(modelName: model.name))
    let input = Tensor(shape: [1, 3, 1, 1], pool: BufferPool())
    // SAFETY: the three numbers are written; nothing reads them.
    unsafe input.withFloats { unsafe $0.update(repeating: 0) }
    return try session.run(input) { outputs in
      var place = 0
      return try wanted.map { name in
        let type = types[name] ?? OnnxElement.float, count = type == OnnxElement.float ? 1 : 3
        guard place + count <= outputs.outputs.count else {
          throw PipelineError("the engine returned too few results of model '\(model.name)'", code: .internalFault)
        }
        let shape = outputs.outputs[place].shape
        // SAFETY: copied while the outputs are lent.
        let parts = (place..<place + count).map { unsafe Array(outputs.outputs[$0].values) }
        place += count
        return type == OnnxElement.float
          ? .floats(name, shape, parts[0]) : .whole(name, shape, type, Self.join(parts))
      }
    }
  }

  /// Adds the nodes that take whole numbers apart, and gives the names of the parts, the highest first.
  private static func split(_ name: String, base: String, _ part: inout OnnxModel) -> [String] {
    func add(_ type: String, _ inputs: [String], _ output: String, to element: Int32? = nil) -> String {
      var node = Onnx_NodeProto.make(type, inputs, part.unusedName("\(name)_\(output)"))
      if let element { node.set("to", Int(element)) }
      part.proto.graph.node.append(node)
      return node.output[0]
    }
    var rest = add("Cast", [name], "whole", to: OnnxElement.int64)
    var parts: [String] = []
    for index in 0..<2 {
      // Mod has the sign of the divisor, so that what remains is a whole multiple of the base.
      let low = add("Mod", [rest, base], "low_\(index)")
      rest = add("Div", [add("Sub", [rest, low], "multiple_\(index)"), base], "rest_\(index)")
      parts.append(low)
    }
    return ([rest] + parts.reversed()).map { add("Cast", [$0], "part", to: OnnxElement.float) }
  }

  private static func join(_ parts: [[Float]]) -> [Int64] {
    parts[0].indices.map { index in
      parts.reduce(Int64(0)) { ($0 << Int64(partBits)) &+ (Int64(exactly: $1[index]) ?? 0) }
    }
  }
}

extension Onnx_TensorProto {
  fileprivate var scalar: Onnx_TensorProto {
    var copy = self
    copy.dims = []
    return copy
  }

  /// Whole numbers of the element type `type`: int64, int32 or bool.
  fileprivate static func whole(
    _ name: String, _ shape: [Int], _ type: Int32, _ values: [Int64]
  ) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = shape.map { Int64($0) }
    tensor.dataType = type
    if type == OnnxElement.int64 {
      tensor.int64Data = values
    } else {
      tensor.int32Data = values.map { Int32(clamping: $0) }
    }
    return tensor
  }
}

extension Onnx_ValueInfoProto {
  /// A float32 tensor of a shape that is not said.
  fileprivate static func floats(_ name: String) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = OnnxElement.float
    return info
  }
}
