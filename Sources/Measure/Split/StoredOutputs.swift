import Detectors
import EdgepipeCore

/// Stands in a session's place and gives outputs that were computed elsewhere: so a detector reads what came of a model
/// that ran in parts.
final class StoredOutputs: InferenceSession {
  let inputs: [TensorDescription]
  let outputs: [TensorDescription]
  private var values: [(shape: [Int], floats: [Float])] = []

  /// - Parameter session: of the whole model, for what it declares.
  init(like session: any InferenceSession) { (inputs, outputs) = (session.inputs, session.outputs) }

  /// Takes the outputs of one run.
  ///
  /// - Throws: a ``PipelineError`` (`mismatch`) when one is not there or not float32.
  func take(_ tensors: [String: GraphTensor]) throws {
    values = try outputs.map { output in
      guard let tensor = tensors[output.name], let floats = tensor.floats else {
        throw PipelineError("the parts give no '\(output.name)' of float32", code: .mismatch)
      }
      return (tensor.shape, floats)
    }
  }

  func run<Result>(_ input: Tensor, _ body: (borrowing ModelOutputs) throws -> Result) throws -> Result {
    try lend(0, [], body)
  }

  private func lend<Result>(
    _ index: Int, _ lent: [ModelOutputs.Output], _ body: (borrowing ModelOutputs) throws -> Result
  ) throws -> Result {
    guard index < values.count else { return try body(ModelOutputs(lent)) }
    let (shape, floats) = values[index]
    // SAFETY: the elements are lent while this closure, and so `body`, runs.
    return try unsafe floats.withUnsafeBufferPointer { pointer in
      try lend(index + 1, lent + [unsafe .init(shape: shape, values: pointer)], body)
    }
  }
}
