/// How to make a model small enough for a device, by its memory: the plan that `edgepipe devices` prints and
/// `edgepipe models compress --target` begins with.
package struct CompressionAdvice: Sendable, Hashable {
  /// One step of the plan.
  struct Step: Sendable, Hashable {
    /// As `edgepipe models compress --steps` calls it.
    let name: String
    /// How far the step goes: a share of the weights, or a number of groups; nil for steps that have no such number.
    let amount: Double?
    /// For people.
    let title: String
  }

  let plan: [Step]
  package let reason: String
  /// Whether the plan is to save memory, or time alone.
  package let savesMemory: Bool
  /// Weights as stored and peak activations together should stay below this: 80 % of the memory.
  package let modelLimitMB: Int

  /// The titles of the plan's steps.
  package var steps: [String] { plan.map(\.title) }

  /// Below 1 GB: structured pruning by 0.8, INT8, weights shared in 16 groups. Below 4 GB: unstructured pruning by 0.6,
  /// INT8, distillation. Else: unstructured pruning by 0.4, FP16, operator fusion.
  package init(memoryMB: Int) {
    let memory = max(0, memoryMB)
    let integers = Step(name: "int8", amount: nil, title: "INT8")
    func unstructured(_ share: Double) -> Step {
      Step(name: "unstructured-pruning", amount: share, title: "unstructured pruning \(share)")
    }
    if memory < 1024 {
      plan = [
        Step(name: "structured-pruning", amount: 0.8, title: "structured pruning 0.8"), integers,
        Step(name: "weight-sharing", amount: 16, title: "weight sharing (16 groups)"),
      ]
      reason = "below 1 GB"
    } else if memory < 4096 {
      plan = [unstructured(0.6), integers, Step(name: "distillation", amount: nil, title: "distillation")]
      reason = "below 4 GB"
    } else {
      plan = [
        unstructured(0.4), Step(name: "float16", amount: nil, title: "FP16"),
        Step(name: "fusion", amount: nil, title: "operator fusion"),
      ]
      reason = "4 GB or more"
    }
    savesMemory = memory < 4096
    modelLimitMB = memory / 10 * 8 + memory % 10 * 8 / 10
  }
}
