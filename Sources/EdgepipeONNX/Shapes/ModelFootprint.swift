import EdgepipeCore

/// How much memory a model needs to run, from its file alone: its weights as they are stored, and the most that its
/// tensors in between take at one time.
package struct ModelFootprint: Sendable, Hashable {
  /// Stored tensors, in the types in which the file holds them.
  package var weightBytes: Int
  /// The largest sum of the tensors that are alive while one node runs: its inputs and outputs, and what later nodes
  /// still read. An engine that works in place needs less; one that keeps copies in other layouts, or unpacks its
  /// weights, needs more.
  package var activationBytes: Int

  package var bytes: Int { weightBytes + activationBytes }

  /// - Parameters:
  ///   - model: takes one picture, N x 3 x H x W.
  ///   - shapes: a model of standard operators with tensors of the same names, to follow the shapes through: `model`
  ///     itself where it has no others. A tensor `NAME/bytes` has the shape of `NAME` and one byte a value.
  ///   - height: of the picture, in pixels.
  ///   - width: of the picture.
  /// - Throws: a ``PipelineError`` (`malformed`) when the shapes cannot be followed.
  package init(_ model: OnnxModel, shapes: OnnxModel, height: Int, width: Int) throws {
    weightBytes = model.proto.graph.initializer.reduce(0) { $0 + $1.storedByteCount }
    let counts = try TensorCounts(shapes, height: height, width: width)
    activationBytes = Self.peak(of: model, counts, height: height, width: width)
  }

  private static func peak(of model: OnnxModel, _ counts: TensorCounts, height: Int, width: Int) -> Int {
    let graph = model.proto.graph
    let stored = Set(graph.initializer.map(\.name)), outputs = Set(graph.output.map(\.name))
    var lastUse: [String: Int] = [:]
    for (index, node) in graph.node.enumerated() { for name in node.input { lastUse[name] = index } }
    var alive: [String: Int] = [:]
    for input in graph.input where !stored.contains(input.name) {
      let size = input.type.tensorType.elemType == OnnxElement.uint8 ? 1 : 4
      alive[input.name] = (counts[input.name] ?? 0) * size
    }
    var peak = 0, sum = alive.values.reduce(0, +)
    for (index, node) in graph.node.enumerated() {
      for name in node.output where !name.isEmpty && (lastUse[name] != nil || outputs.contains(name)) {
        let size = patchBytes(of: node, height: height, width: width) ?? counts.bytes(of: name)
        alive[name] = size
        sum += size
      }
      peak = max(peak, sum)
      for name in Set(node.input + node.output) where !outputs.contains(name) && lastUse[name] ?? index <= index {
        sum -= alive.removeValue(forKey: name) ?? 0
      }
    }
    return peak
  }

  /// What the operator `PixelPatches` makes of the picture has no counterpart among a float model's tensors: a patch of
  /// three channels, rounded up to a multiple of four bytes, for each place.
  private static func patchBytes(of node: Onnx_NodeProto, height: Int, width: Int) -> Int? {
    guard node.domain == OnnxModel.ownDomain, node.opType == "PixelPatches",
      let pads = node.integers("pads"), pads.count == 4
    else { return nil }
    let patch = node.integer("patch", default: 1), stride = max(1, node.integer("stride", default: 1))
    guard (1...16).contains(patch), pads.allSatisfy({ (0...64).contains($0) }) else { return nil }
    let rows = max(0, (height + pads[0] + pads[2] - patch) / stride + 1)
    let columns = max(0, (width + pads[1] + pads[3] - patch) / stride + 1)
    return rows * columns * ((patch * patch * 3 + 3) / 4 * 4)
  }
}

/// How many values each tensor of a model holds, for one size of the picture.
private struct TensorCounts {
  private var counts: [String: Int] = [:]

  init(_ model: OnnxModel, height: Int, width: Int) throws {
    let graph = model.proto.graph, stored = Set(graph.initializer.map(\.name))
    guard let input = graph.input.first(where: { !stored.contains($0.name) }) else {
      throw PipelineError("model '\(model.name)' has no input", code: .unsupported)
    }
    let dimensions = input.type.tensorType.shape.dim
    let channels = dimensions.count == 4 ? dimensions[1].size ?? 3 : 3
    do throws(SizeIsFixed) {
      // Nothing follows the picture here: one size is asked about, and any operator may depend on it.
      let shape = [1, channels, height, width].map { Dimension($0) }
      let flow = try ShapeFlow(graph: graph, input: (input.name, shape), opset: model.opset)
      for name in [input.name] + graph.node.flatMap(\.output) where !name.isEmpty {
        if let shape = flow.shape(of: name) { counts[name] = try elementCount(shape) }
      }
    } catch {
      throw PipelineError(
        "the sizes of the tensors of '\(model.name)' are not known: \(error.reason)", code: .unsupported)
    }
  }

  subscript(name: String) -> Int? { counts[name] }

  /// Of a tensor that the shapes do not tell, such as what two steps of one operator hand to each other: nothing.
  func bytes(of name: String) -> Int {
    if let count = counts[name] { return count * 4 }
    return name.hasSuffix("/bytes") ? counts[String(name.dropLast(6))] ?? 0 : 0
  }
}

extension Onnx_TensorProto {
  /// Bytes of its values as the file holds them.
  fileprivate var storedByteCount: Int {
    let (count, overflow) = dims.reduce((1, false)) { sum, size in
      let (product, overflow) = sum.0.multipliedReportingOverflow(by: max(0, Int(size)))
      return (product, sum.1 || overflow)
    }
    guard !overflow, let bits = OnnxElement.bits(dataType) else { return 0 }
    return count / 8 * bits + (count % 8 * bits + 7) / 8
  }
}
