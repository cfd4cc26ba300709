/// Operator fusion: the graph is rewritten so that fewer operators do the same (``GraphPasses``).
public struct GraphFusion: CompressionStep {
  public static let name = "fusion"
  public static let summary = "Rewrites the graph so that fewer operators do the same; exact to rounding."
  public static let version = 2
  public static let amount: StepAmount? = nil

  public init(amount: Double?) {}

  public func apply(to candidate: CompressionCandidate, in context: CompressionContext) -> CompressionCandidate {
    var result = candidate
    let rewritten = GraphPasses.apply(to: &result.model, engine: context.engine).filter { $0.count > 0 }
    result.note =
      rewritten.isEmpty
      ? "nothing to rewrite" : rewritten.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    return result
  }
}
