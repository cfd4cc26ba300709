import Detectors

/// INT8 for other programs as well (``PortableQuantizer``): pairs of QuantizeLinear and DequantizeLinear, the most sensitive
/// tensors in floats. Slower than ``IntegerQuantization``.
struct PortableIntegers: CompressionStep {
  static let name = "int8-portable"
  static let summary =
    "Computes in 8-bit integers by standard operators, for any ONNX Runtime; slower than int8."
  static let version = 2
  static let amount: StepAmount? = StepAmount(
    meaning: "most sensitive tensors that stay in floats", range: 0...64, isWhole: true, standard: 16)

  private let floats: Int

  init(amount: Double?) { floats = Int(amount ?? 16) }

  func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    let simple = try IntegerQuantization.simplified(candidate, context)
    let made = try PortableQuantizer(
      engine: context.engine, options: .init(rule: context.rangeRule, floats: floats == 0 ? .none : .worst(floats))
    ).quantize(
      simple, pictures: context.pictures.map(\.tensor), format: candidate.manifest.input, progress: context.progress)
    var result = candidate
    (result.model, result.shapes) = (made.model, simple)
    result.manifest.precision = "int8"
    result.note =
      "\(made.integerConvolutions) convolutions in integers, \(made.floatConvolutions) in floats, "
      + "\(made.floatTensors) sensitive tensors in floats"
    return result
  }
}
