/// Operator fusion: the graph is rewritten so that fewer operators do the same (``GraphPasses``).
struct GraphFusion: CompressionStep {
  static let name = "fusion"
  static let summary = "Rewrites the graph so that fewer operators do the same; exact to rounding."
  static let version = 2
  static let amount: StepAmount? = nil

  init(amount: Double?) {}

  func apply(to candidate: CompressionCandidate, in context: CompressionContext) -> CompressionCandidate {
    var result = candidate
    let rewritten = GraphPasses.apply(to: &result.model, engine: context.engine).filter { $0.count > 0 }
    result.note =
      rewritten.isEmpty
      ? "nothing to rewrite" : rewritten.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    return result
  }
}
