/// Weights stored in 16 bits (``HalfPrecisionStorage``); the model computes in float32 as before.
struct HalfPrecision: CompressionStep {
  static let name = "float16"
  static let summary = "Stores float weights in 16 bits: half the file, the same speed."
  static let version = 1
  static let amount: StepAmount? = nil

  init(amount: Double?) {}

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    try candidate.stored { try HalfPrecisionStorage.apply(to: $0) }
  }
}
