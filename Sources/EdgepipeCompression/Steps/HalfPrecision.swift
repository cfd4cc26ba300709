/// Weights stored in 16 bits (``HalfPrecisionStorage``); the model computes in float32 as before.
public struct HalfPrecision: CompressionStep {
  public static let name = "float16"
  public static let summary = "Stores float weights in 16 bits: half the file, the same speed."
  public static let version = 1
  public static let amount: StepAmount? = nil

  public init(amount: Double?) {}

  public func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    try candidate.stored { try HalfPrecisionStorage.apply(to: $0) }
  }
}
