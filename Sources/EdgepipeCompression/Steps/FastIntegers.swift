/// INT8 from the first convolution on: faster than ``IntegerQuantization``, which keeps the first layers in floats where
/// that matters, and less exact.
public struct FastIntegers: CompressionStep {
  public static let name = "int8-fast"
  public static let summary = "Computes in 8-bit integers from the first layer on: faster than int8, and less exact."
  public static let version = 3
  public static let amount: StepAmount? = nil

  public init(amount: Double?) {}

  public func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    try IntegerQuantization.quantized(candidate, context, head: .convolutions(0))
  }
}
