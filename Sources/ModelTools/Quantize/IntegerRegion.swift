import Pipeline

/// The part of a model that can run in integers, and what is left in floats.
///
/// It grows from the picture input over the operators that it knows. What computes boxes and scores stays in floats,
/// and so do the convolutions right before it, because a rounded box costs more accuracy than it saves time.
struct IntegerRegion {
  let input: String
  private(set) var steps: [IntegerStep]
  /// The nodes that stay in floats, in order.
  private(set) var rest: [Onnx_NodeProto] = []
  /// Tensors of the region that the rest, or whoever runs the model, reads.
  private(set) var boundary: [String] = []

  /// - Parameter inputSize: a picture side at which the model runs, to follow the shapes.
  /// - Throws: a ``PipelineError`` (`dataError`) when nothing of the model can run in integers.
  init(_ model: OnnxModel, inputSize: Int) throws {
    let graph = model.proto.graph
    let stored = Set(graph.initializer.map(\.name))
    guard let picture = graph.input.first(where: { !stored.contains($0.name) }) else {
      throw PipelineError("model '\(model.name)' has no input", exit: .dataError)
    }
    input = picture.name
    steps = RegionParser(model, input: input, inputSize: inputSize).steps()
    settle(graph)
    guard steps.first?.convolution != nil, steps.filter({ $0.inputs.contains(input) }).count == 1 else {
      throw PipelineError(
        "model '\(model.name)' does not begin with a convolution that can run in integers",
        remedy: "keep it in float32", exit: .dataError)
    }
  }

  /// Gives steps at the region's end back to the floats, until no raw sum of a convolution leaves it.
  private mutating func settle(_ graph: Onnx_GraphProto) {
    let outputs = Set(graph.output.map(\.name))
    while true {
      let taken = Set(steps.flatMap(\.nodes))
      rest = graph.node.indices.filter { !taken.contains($0) }.map { graph.node[$0] }
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
}
