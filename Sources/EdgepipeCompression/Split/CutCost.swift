package import Detectors
import EdgepipeCore
package import EdgepipeONNX

/// One place at which a model may be cut with one tensor going across.
package struct CutCost: Sendable, Equatable {
  package var tensor: String
  /// As one run of the model has it.
  package var shape: [Int]
  /// What goes across as float32.
  package var bytes: Int
  /// Of all multiplications, those before the cut; nil where operators are not known.
  package var share: Double?

  /// All sensible cuts of a model, in the order of the graph.
  ///
  /// - Parameters:
  ///   - inputs: what the model is run on once, to see the shapes.
  ///   - includesAll: also those before an activation.
  /// - Throws: a ``PipelineError`` when the engine refuses the model.
  package static func list(
    _ graph: SplitGraph, engine: any GraphEngine, inputs: [GraphTensor], includesAll: Bool = false
  ) throws -> [CutCost] {
    let cuts = includesAll ? graph.singleCuts : graph.sensibleCuts
    guard !cuts.isEmpty else { return [] }
    let facts = GraphFacts(graph.model, engine: engine)
    let weighted = graph.weightedTensors
    let names = Array(Set(cuts + weighted)).sorted()
    let shapes = Dictionary(
      try facts.values(names, inputs: inputs).map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    let all = graph.multiplications(before: nil, shapes: shapes)
    return cuts.map { cut in
      let shape = shapes[cut] ?? []
      let before = graph.multiplications(before: cut, shapes: shapes)
      let share = all.flatMap { all in before.map { all > 0 ? $0 / all : 0 } }
      return CutCost(tensor: cut, shape: shape, bytes: shape.reduce(4, *), share: share)
    }
  }
}
