import Detectors
import EdgepipeCore

/// Whether a model keeps the pictures of a batch apart: the first and the last must come out as they do alone.
///
/// Exports that were made for one picture may take more without complaint and pour them into each other.
struct BatchCheck {
  /// The largest difference, as a share of the output's largest magnitude. Kernels for other sizes round otherwise;
  /// models that quantize while they run find their scale over the whole batch.
  static let tolerance: Float = 0.01

  private let session: any InferenceSession
  private let format: InputFormat
  private let seed: UInt64

  init(_ session: any InferenceSession, format: InputFormat, seed: UInt64) {
    self.session = session
    self.format = format
    self.seed = seed
  }

  private struct Output {
    var shape: [Int]
    var values: [Float]
  }

  /// - Throws: a ``PipelineError`` (`malformed`) that says how the outputs differ.
  func run(_ configuration: BenchConfiguration) throws {
    let batch = configuration.batch
    let together = try outputs(RandomPictures.tensor(configuration, format: format, seed: seed))
    for (index, output) in together.enumerated() where output.shape.first != batch || output.values.count % batch != 0 {
      throw PipelineError(
        "output \(index + 1) has the shape \(output.shape), which does not begin with \(batch)", code: .unsupported)
    }
    for picture in Set([0, batch - 1]) {
      let alone = try outputs(
        RandomPictures.tensor(configuration, format: format, seed: seed, pictures: picture..<picture + 1))
      for (index, (one, all)) in zip(alone, together).enumerated() {
        try compare(one, all, picture: picture, of: batch, output: index + 1)
      }
    }
  }

  private func compare(_ one: Output, _ all: Output, picture: Int, of batch: Int, output: Int) throws {
    let count = all.values.count / batch
    guard one.values.count == count else {
      throw PipelineError(
        "output \(output) has \(count) values per picture, but \(one.values.count) for a single picture",
        code: .unsupported)
    }
    var difference: Float = 0, magnitude: Float = 0
    for (place, value) in one.values.enumerated() {
      let step = abs(all.values[picture * count + place] - value)
      if step > difference || step.isNaN { difference = step }
      magnitude = max(magnitude, abs(value))
    }
    guard difference <= Self.tolerance * magnitude else {
      throw PipelineError(
        "picture \(picture + 1) of \(batch) has other results than alone: output \(output) differs by \(difference) "
          + "where it has values up to \(magnitude)", code: .unsupported)
    }
  }

  private func outputs(_ input: Tensor) throws -> [Output] {
    try session.run(input) { outputs in
      // SAFETY: the values are copied within the closure that they are lent to.
      outputs.outputs.map { unsafe Output(shape: $0.shape, values: Array($0.values)) }
    }
  }
}
