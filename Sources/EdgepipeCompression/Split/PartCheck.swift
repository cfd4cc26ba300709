package import Detectors
import EdgepipeCore
package import EdgepipeONNX

/// Whether the parts of a model give what the whole gives, to the bit.
package struct PartCheck: Sendable, Equatable {
  /// Runs that were compared.
  package var runs: Int
  /// Outputs that differ in some run, and by how much at most, as a part of the largest value; infinite for outputs of
  /// other types or shapes, and where one is no number.
  package var different: [String: Double] = [:]

  package var isEqual: Bool { different.isEmpty }

  /// Compares on made up numbers.
  ///
  /// - Parameters:
  ///   - side: for dimensions that each run sets.
  ///   - threads: inside one operator.
  /// - Throws: a ``PipelineError`` when the engine refuses the model or a part.
  package init(
    _ whole: OnnxModel, parts: [OnnxModel], engine: any GraphEngine, runs: Int, side: Int, threads: Int = 1
  ) throws {
    self.runs = runs
    let options = SessionOptions(threads: threads, modelName: whole.name)
    let session = try engine.makeGraphSession(model: whole.serialized(), options: options)
    let runner = PartRunner(
      parts.map { part in { try part.serialized() } }, engine: engine, options: options, keepsOpen: runs > 1)
    let facts = GraphFacts(whole, engine: engine)
    for run in 0..<runs {
      let inputs = try facts.randomInputs(seed: UInt64(run) + 1, side: side)
      let expected = try session.run(inputs)
      let found = try runner.run(inputs)
      for tensor in expected where found[tensor.name] != tensor {
        let distance = found[tensor.name].map { Self.distance(tensor, $0) } ?? .infinity
        different[tensor.name] = max(different[tensor.name] ?? 0, distance)
      }
    }
  }

  private static func distance(_ one: GraphTensor, _ other: GraphTensor) -> Double {
    guard one.shape == other.shape, let first = one.floats, let second = other.floats else { return .infinity }
    let size = first.reduce(0) { max($0, abs($1)) }
    let largest = zip(first, second).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return largest.isFinite && size.isFinite ? Double(largest / max(size, .leastNormalMagnitude)) : .infinity
  }
}
