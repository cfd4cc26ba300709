import EdgepipeONNX

/// Removes nodes that give what they were given: Identity, Dropout, casts to the type that is there, slices of
/// everything, paddings by nothing, transpositions that undo each other, factors of one, concatenations of one; and of
/// two reshapes in a row the first.
struct IdentityElimination: GraphPass {
  let name = "identities"
  let isExact = true

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    var count = 0
    while true {
      let step = removeIdentities(&model) + shortenRows(&model)
      if step == 0 { return count }
      count += step
    }
  }

  // MARK: - One node

  private func removeIdentities(_ model: inout OnnxModel) -> Int {
    let fixed = model.fixedNames(), inside = model.namesReadInside(), stored = model.storedTensors()
    let types = ElementTypes(model.proto.graph), counts = model.readCounts(), makers = model.makers()
    var redirected: [String: String] = [:], removed: Set<Int> = []
    for (index, node) in model.proto.graph.node.enumerated()
    where Self.isIdentity(node, stored, types, opset: model.opset) {
      let output = node.output[0]
      if !fixed.contains(output) {
        redirected[output] = node.input[0]
        removed.insert(index)
      } else if !inside.contains(output), counts[node.input[0]] == 1, let maker = makers[node.input[0]],
        !removed.contains(maker), let place = model.proto.graph.node[maker].output.firstIndex(of: node.input[0])
      {
        // An output of the model keeps its name: what came before takes it.
        model.proto.graph.node[maker].output[place] = output
        removed.insert(index)
      }
    }
    model.redirect(redirected)
    model.removeNodes(at: removed)
    return removed.count
  }

  private static func isIdentity(
    _ node: Onnx_NodeProto, _ stored: [String: Onnx_TensorProto], _ types: ElementTypes, opset: Int
  ) -> Bool {
    guard node.isStandard, let input = node.input.first, !input.isEmpty, node.output.first?.isEmpty == false,
      node.output.dropFirst().allSatisfy(\.isEmpty)
    else { return false }
    func numbers(_ index: Int, _ attribute: String) -> [Int]? {
      node.integers(attribute) ?? (index < node.input.count ? stored[node.input[index]]?.integers() : nil)
    }
    switch node.opType {
    case "Identity": return true
    case "Dropout":
      // A training mode may be given as the third input; before set 7 it was the usual one.
      return opset >= 7 && (node.input.count < 3 || node.input[2].isEmpty)
    case "Cast": return types[input] != nil && types[input] == Int32(clamping: node.integer("to", default: 0))
    case "Concat": return node.input.count == 1
    case "Transpose": return node.integers("perm").map { $0 == Array($0.indices) } ?? false
    case "Pad": return numbers(1, "pads").map { !$0.isEmpty && $0.allSatisfy { $0 == 0 } } ?? false
    case "Slice":
      guard let starts = numbers(1, "starts"), let ends = numbers(2, "ends"), !starts.isEmpty else { return false }
      let hasSteps = node.input.count > 4 && !node.input[4].isEmpty
      guard !hasSteps || stored[node.input[4]]?.integers()?.allSatisfy({ $0 == 1 }) == true else { return false }
      return starts.allSatisfy { $0 == 0 } && ends.allSatisfy { $0 >= Int(Int32.max) }
    case "Mul", "Div", "Sub":
      // A tensor of one number with no dimension of its own never widens the other.
      guard node.input.count == 2, let tensor = stored[node.input[1]], tensor.dims.isEmpty,
        let value = tensor.allFloats()?.first
      else { return false }
      return node.opType == "Sub" ? value == 0 && value.sign == .plus : value == 1
    default: return false
    }
  }

  // MARK: - Two in a row

  private func shortenRows(_ model: inout OnnxModel) -> Int {
    let stored = model.storedTensors(), makers = model.makers()
    var count = 0
    for index in model.proto.graph.node.indices {
      let node = model.proto.graph.node[index]
      // A file need not be in order, and might go in circles.
      guard node.isStandard, let first = node.input.first.flatMap({ makers[$0] }), first < index else { continue }
      let before = model.proto.graph.node[first]
      guard before.isStandard, before.opType == node.opType, let source = before.input.first else { continue }
      switch node.opType {
      case "Transpose":
        guard let inner = before.integers("perm"), let outer = node.integers("perm"), inner.count == outer.count,
          outer.allSatisfy(inner.indices.contains)
        else { continue }
        var joined = node.without("perm")
        joined.set("perm", outer.map { inner[$0] })
        joined.input[0] = source
        model.proto.graph.node[index] = joined
      case "Reshape":
        // A zero copies a dimension of what comes in.
        guard node.input.count == 2, node.attribute("allowzero") == nil,
          let target = stored[node.input[1]]?.integers(), !target.contains(0)
        else { continue }
        model.proto.graph.node[index].input[0] = source
      default: continue
      }
      count += 1
    }
    // What nobody reads any more would be found again and again.
    if count > 0 { _ = DeadNodeElimination().apply(to: &model) }
    return count
  }
}
