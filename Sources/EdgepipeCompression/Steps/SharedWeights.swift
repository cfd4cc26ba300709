import Detectors

/// Weights that are few different numbers in each layer (``WeightSharing``).
struct SharedWeights: CompressionStep {
  static let name = "weight-sharing"
  static let summary =
    "Stores each layer's float weights as indices into a short table: a smaller file, the same speed."
  static let version = 1
  static let amount: StepAmount? = StepAmount(
    meaning: "different weights in a layer", range: 2...256, isWhole: true, standard: 16)

  private let clusters: Int

  init(amount: Double?) { clusters = Int(amount ?? 16) }

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    guard candidate.manifest.precision == "float32" else {
      throw StepRefusal(
        "8-bit integer weights have more than \(clusters) values; share the weights before they become integers")
    }
    let inputs = try ConvolutionInputs(
      candidate.model, pictures: context.pictures.map(\.tensor), format: candidate.manifest.input,
      engine: context.engine,
      progress: context.progress)
    return try candidate.stored { try WeightSharing(clusters: clusters).apply(to: $0, inputs: inputs) }
  }
}
