import Detectors
import EdgepipeCore
import EdgepipeONNX

/// How far the outputs of a rewritten model are from those of the float model, in one number.
///
/// Outputs mix units: box sides of hundreds of pixels stand beside scores below one. So squared errors are divided by
/// the variance of what they belong to (a column of the outputs: one box side, one class's score), and averaged over
/// columns and outputs. Scores that hardly vary, those of classes that no picture holds, are not blown up: 0.0001, the
/// square of one hundredth, is added to each variance.
struct OutputError {
  private let engine: any InferenceEngine
  private let inputs: [Tensor]
  /// Of the float model: for each picture, each output.
  private var references: [[[Float]]] = []
  /// For each output: columns, and the values that lie next to each other of one column.
  private var layouts: [(columns: Int, run: Int)] = []
  /// For each output and column, 1 / (variance + 0.0001).
  private var weights: [[Double]] = []

  /// - Parameters:
  ///   - float: the model that is in the right.
  ///   - inputs: pictures as it takes them.
  init(_ float: OnnxModel, inputs: [Tensor], engine: any InferenceEngine) throws {
    (self.engine, self.inputs) = (engine, inputs)
    let session = try engine.makeSession(
      model: float.serialized(), options: SessionOptions(threads: 2, modelName: float.name))
    for input in inputs {
      try session.run(input) { outputs in
        // SAFETY: copied while the outputs are lent.
        references.append(outputs.outputs.map { unsafe Array($0.values) })
        if layouts.isEmpty { layouts = outputs.outputs.map { Self.layout($0.shape) } }
      }
    }
    weights = layouts.indices.map { number in
      var sums = [Double](repeating: 0, count: layouts[number].columns), squares = sums, count = 0.0
      for picture in references {
        for (index, value) in picture[number].enumerated() {
          let column = column(index, layouts[number])
          sums[column] += Double(value)
          squares[column] += Double(value) * Double(value)
        }
        count += Double(picture[number].count / max(1, layouts[number].columns))
      }
      return zip(sums, squares).map { sum, square in
        let mean = sum / max(1, count)
        return 1 / (max(0, square / max(1, count) - mean * mean) + 1e-4)
      }
    }
  }

  /// The mean over pictures, outputs and columns of squared error over variance: 0 for the same outputs, 1 for errors
  /// as large as the outputs' own spread.
  ///
  /// - Parameter inputs: the same pictures as the model takes them; nil when it takes them as the float model does.
  /// - Throws: a ``PipelineError`` from the engine, or when the outputs have other sizes.
  func callAsFunction(of model: OnnxModel, inputs: [Tensor]? = nil) throws -> Double {
    let session = try engine.makeSession(
      model: model.serialized(), options: SessionOptions(threads: 2, modelName: model.name))
    var sum = 0.0
    for (input, reference) in zip(inputs ?? self.inputs, references) {
      sum += try session.run(input) { outputs in
        var errors = 0.0
        for (number, output) in outputs.outputs.enumerated() {
          let expected = reference[number], layout = layouts[number], weights = weights[number]
          // SAFETY: only the count is read.
          guard unsafe output.values.count == expected.count else {
            throw PipelineError(
              "the rewritten model '\(model.name)' gives outputs of another size", code: .internalFault)
          }
          var squares = [Double](repeating: 0, count: layout.columns)
          for index in expected.indices {
            // SAFETY: the output has as many values as the reference.
            let difference = Double(unsafe output.values[index] - expected[index])
            squares[column(index, layout)] += difference * difference
          }
          let rows = Double(max(1, expected.count / max(1, layout.columns)))
          errors += zip(squares, weights).reduce(0) { $0 + $1.0 * $1.1 } / rows / Double(max(1, layout.columns))
        }
        return errors / Double(max(1, outputs.outputs.count))
      }
    }
    return sum / Double(max(1, self.inputs.count))
  }

  private func column(_ index: Int, _ layout: (columns: Int, run: Int)) -> Int { index / layout.run % layout.columns }

  /// The columns of an output: the channels of a map; otherwise the shorter of two axes, since there are more places
  /// than things to say about each.
  private static func layout(_ shape: [Int]) -> (columns: Int, run: Int) {
    switch shape.count {
    case 3 where shape[2] <= shape[1]: (max(1, shape[2]), 1)
    case 3: (max(1, shape[1]), max(1, shape[2]))
    case 2...: (max(1, shape[1]), max(1, shape.dropFirst(2).reduce(1, *)))
    default: (1, 1)
    }
  }
}
