/// INT8 from the first convolution on: faster than ``IntegerQuantization``, which keeps the first layers in floats where
/// that matters, and less exact.
struct FastIntegers: CompressionStep {
  static let name = "int8-fast"
  static let summary = "Computes in 8-bit integers from the first layer on: faster than int8, but less accurate."
  static let version = 3
  static let amount: StepAmount? = nil

  init(amount: Double?) {}

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    try IntegerQuantization.quantized(candidate, context, head: .convolutions(0))
  }
}
