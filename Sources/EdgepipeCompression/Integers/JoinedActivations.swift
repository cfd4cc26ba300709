/// Activations that nothing reads but one concatenation of two tensors: the operator `ActivatedConcat` does both at once.
struct JoinedActivations {
  /// By their outputs.
  private var steps: [String: IntegerStep] = [:]

  init(_ region: IntegerRegion, _ layout: IntegerLayout) {
    var readers: [String: Int] = [:]
    for input in region.steps.flatMap(\.inputs) { readers[input, default: 0] += 1 }
    let left = Set(region.boundary)
    for step in region.integerSteps {
      // A sum that saturates at zero has no look-up to join.
      guard step.activation != nil, !layout.isRectified.contains(step.inputs[0]), readers[step.output] == 1,
        !left.contains(step.output)
      else { continue }
      steps[step.output] = step
    }
    let joined = Set(region.integerSteps.flatMap { inputs(of: $0).map(\.output) })
    steps = steps.filter { joined.contains($0.key) }
  }

  func contains(_ output: String) -> Bool { steps[output] != nil }

  /// The activations that a concatenation does itself, in the order of its inputs; all have one function.
  func inputs(of step: IntegerStep) -> [IntegerStep] {
    guard case .concatenation = step.operation, step.inputs.count == 2 else { return [] }
    let known = step.inputs.compactMap { steps[$0] }
    return known.filter { $0.activation == known[0].activation }
  }
}
