import EdgepipeCore
import EdgepipeONNX

/// The part of a model that can run in integers, and what is left in floats.
///
/// It grows from the picture input over the operators that it knows. What computes boxes and scores stays in floats,
/// and so do the convolutions right before it, because a rounded box costs more accuracy than it saves time.
struct IntegerRegion {
  let input: String
  /// In order. The first ``headCount`` of them stay in floats.
  private(set) var steps: [IntegerStep]
  private(set) var headCount = 0
  /// The nodes that stay in floats, in order.
  private(set) var rest: [Onnx_NodeProto] = []
  /// Tensors of the region that the rest, or the caller, reads.
  private(set) var boundary: [String] = []

  /// Convolutions of 1x1 among the rest that read only what integers make: they multiply integers too, but what they
  /// give is not rounded.
  private(set) var lastConvolutions: [IntegerStep] = []
  private let graphNodes: [Onnx_NodeProto]

  /// The steps whose outputs stay in floats.
  var headSteps: [IntegerStep] { Array(steps.prefix(headCount)) }
  /// The steps that run in integers.
  var integerSteps: ArraySlice<IntegerStep> { steps.dropFirst(headCount) }
  /// The tensor at which integers begin: the picture, or what the head makes of it.
  var entry: String { headCount == 0 ? input : steps[headCount - 1].output }

  /// - Parameters:
  ///   - inputSize: a picture side at which the model runs, to follow the shapes.
  ///   - leadingFloats: how many of the first convolutions, with their activations, stay in floats; see ``LeadingFloats``.
  /// - Throws: a ``PipelineError`` (`malformed`) when nothing of the model can run in integers, or when it does not
  ///   begin with so many convolutions in a row.
  init(_ model: OnnxModel, inputSize: Int, leadingFloats: Int = 0) throws {
    let graph = model.proto.graph
    graphNodes = graph.node
    let stored = Set(graph.initializer.map(\.name))
    guard let picture = graph.input.first(where: { !stored.contains($0.name) }) else {
      throw PipelineError("model '\(model.name)' has no input", code: .unsupported)
    }
    input = picture.name
    let parsed = RegionParser(model, input: input, inputSize: inputSize).steps()
    steps = parsed
    settle(graph)
    lastConvolutions = parsed.filter { step in
      guard let convolution = step.convolution else { return false }
      return boundary.contains(step.inputs[0]) && !steps.contains { $0.output == step.output }
        && convolution.isPointwise
    }
    guard steps.first?.convolution != nil, steps.filter({ $0.inputs.contains(input) }).count == 1 else {
      throw PipelineError(
        "model '\(model.name)' does not begin with a convolution that can run in integers",
        remedy: "keep it in float32", code: .unsupported)
    }
    guard leadingFloats > 0 else { return }
    guard let count = chain(of: leadingFloats) else {
      throw PipelineError(
        "model '\(model.name)' does not begin with \(leadingFloats) convolutions in a row",
        remedy: "keep fewer of the first convolutions in float32", code: .unsupported)
    }
    headCount = count
  }

  /// The nodes of the head's steps but the first `count`, in order.
  func headNodes(after count: Int) -> [Onnx_NodeProto] {
    headSteps.dropFirst(count).flatMap(\.nodes).sorted().map { graphNodes[$0] }
  }

  /// How many steps the first convolutions and their activations are, if each step reads the one before and nothing
  /// else reads what lies between; nil otherwise.
  private func chain(of convolutions: Int) -> Int? {
    var left = convolutions
    var source = input
    for (index, step) in steps.enumerated() {
      let isNext = step.inputs == [source] && (step.convolution != nil || step.activation != nil)
      let readers = steps.count { $0.inputs.contains(source) }
      guard isNext, readers == 1, !boundary.contains(source) else { return nil }
      if step.convolution != nil { left -= 1 }
      source = step.output
      let isFollowed =
        index + 1 < steps.count && steps[index + 1].activation != nil && steps[index + 1].inputs == [source]
      if left == 0, !isFollowed { return boundary.contains(source) ? nil : index + 1 }
    }
    return nil
  }

  /// Gives steps at the region's end back to the floats, until no raw sum of a convolution leaves it.
  private mutating func settle(_ graph: Onnx_GraphProto) {
    let outputs = Set(graph.output.map(\.name))
    while true {
      let taken = Set(steps.flatMap(\.nodes))
      rest = Self.needed(graph.node.indices.filter { !taken.contains($0) }.map { graph.node[$0] }, for: outputs)
      let read = Set(rest.flatMap(\.input)).union(outputs)
      let used = Set(steps.flatMap(\.inputs))
      let lost = Set(
        steps.filter { step in
          read.contains(step.output) ? step.convolution != nil : !used.contains(step.output)
        }.map(\.output))
      if lost.isEmpty {
        boundary = steps.map(\.output).filter(read.contains)
        return
      }
      steps.removeAll { lost.contains($0.output) || $0.inputs.contains(where: lost.contains) }
    }
  }

  /// The nodes that outputs depend on: sizes that were computed for steps of the region are of no use beside it.
  private static func needed(_ nodes: [Onnx_NodeProto], for outputs: Set<String>) -> [Onnx_NodeProto] {
    var read = outputs
    var kept: [Onnx_NodeProto] = []
    for node in nodes.reversed() where node.output.contains(where: read.contains) {
      read.formUnion(node.input)
      kept.append(node)
    }
    return kept.reversed()
  }
}
