import Detectors
import EdgepipeONNX

/// INT8 after training (``ModelQuantizer``): convolutions and what is between them compute in 8-bit integers.
package struct IntegerQuantization: CompressionStep {
  package static let name = "int8"
  package static let summary = "Computes in 8-bit integers, with ranges from calibration pictures."
  package static let version = 5
  package static let amount: StepAmount? = nil

  package init(amount: Double?) {}

  package func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    try Self.quantized(candidate, context, head: .automatic)
  }

  static func quantized(
    _ candidate: CompressionCandidate, _ context: CompressionContext, head: LeadingFloats
  ) throws -> CompressionCandidate {
    let simple = try simplified(candidate, context)
    let quantizer = ModelQuantizer(
      engine: context.engine, options: .init(rule: context.rangeRule, leadingFloats: head))
    let made = try quantizer.quantize(
      simple, pictures: context.pictures.map(\.tensor), format: candidate.manifest.input, progress: context.progress)
    var result = candidate
    (result.model, result.shapes) = (made.model, simple)
    result.manifest.precision = "int8"
    let input = result.manifest.input
    (result.manifest.input.element, result.manifest.input.mean, result.manifest.input.scale) =
      (.uint8, input.mean.map { _ in 0 }, input.scale.map { _ in 1 })
    result.note =
      "\(made.integerConvolutions) convolutions in integers, \(made.lastConvolutions) of them with float outputs; "
      + "in floats \(made.floatHeadConvolutions) at the beginning and \(made.floatConvolutions) before boxes and scores"
    return result
  }

  /// The float model that integers are laid out on: simplified, whether or not fusion was a step of its own.
  ///
  /// - Throws: ``StepRefusal`` for a model that is not in floats.
  static func simplified(_ candidate: CompressionCandidate, _ context: CompressionContext) throws -> OnnxModel {
    guard candidate.manifest.precision == "float32" else {
      throw StepRefusal("the model is already \(candidate.manifest.precision)")
    }
    var simple = candidate.model
    try simple.prepare(head: candidate.manifest.head, simplifyingWith: context.engine)
    return simple
  }
}
