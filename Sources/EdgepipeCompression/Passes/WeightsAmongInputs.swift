import EdgepipeONNX

/// Takes stored tensors off the list of inputs, on which older exports also have them. There a run might replace them,
/// and so the engine may compute nothing with them beforehand: no fusing, no layout of its own for convolutions. What
/// it may do from then on rounds otherwise.
struct WeightsAmongInputs: GraphPass {
  let name = "weights among inputs"
  let isExact = false

  init() {}

  func apply(to model: inout OnnxModel) -> Int {
    let stored = Set(model.proto.graph.initializer.map(\.name))
    let before = model.proto.graph.input.count
    model.proto.graph.input.removeAll { stored.contains($0.name) }
    let count = before - model.proto.graph.input.count
    // The first version of the format in which stored tensors need not be inputs.
    if count > 0 { model.proto.irVersion = max(model.proto.irVersion, 4) }
    return count
  }
}
