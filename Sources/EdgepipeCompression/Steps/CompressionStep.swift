package import Detectors
package import EdgepipeONNX

/// One way to make a model smaller or faster: one file, and a line in ``CompressionSteps/all``.
///
/// A step gets a model and gives a new one, and says what has changed in how the model is used: its manifest. Whether that
/// was worth it is measured by ``CompressionRun``.
package protocol CompressionStep: Sendable {
  /// As `--steps` and reports call it: small letters and hyphens.
  static var name: String { get }
  /// What it does, in a line.
  static var summary: String { get }
  /// To be raised whenever the same model, pictures and settings give other bytes than before: models made by an older
  /// version count as out of date.
  static var version: Int { get }
  /// The number after the name, such as the 0.6 of `unstructured-pruning=0.6`; nil for a step without one.
  static var amount: StepAmount? { get }

  /// - Parameter amount: within the range of `Self.amount`; nil only for a step that has none.
  init(amount: Double?)

  /// - Returns: the new model with its manifest (`name`, `file` and `sha256` are set when it is installed).
  /// - Throws: ``StepRefusal`` when the step cannot be done with this model, what the engine throws, and what
  ///   `context.progress` throws.
  func apply(to candidate: CompressionCandidate, in context: CompressionContext) throws -> CompressionCandidate
}

/// The number that a step takes.
package struct StepAmount: Sendable, Hashable {
  /// In a word or two, such as `share of the weights`.
  var meaning: String
  var range: ClosedRange<Double>
  /// Whether it counts something.
  var isWhole: Bool
  /// Taken when none is said.
  var standard: Double

  init(meaning: String, range: ClosedRange<Double>, isWhole: Bool = false, standard: Double) {
    (self.meaning, self.range, self.isWhole, self.standard) = (meaning, range, isWhole, standard)
  }
}

/// Why a step cannot be done.
package struct StepRefusal: Error, Sendable {
  package var reason: String

  package init(_ reason: String) { self.reason = reason }
}

/// A model on its way down the ladder.
package struct CompressionCandidate: Sendable {
  package var model: OnnxModel
  /// How the model is used: element type of its input, precision and the rest.
  package var manifest: ModelManifest
  /// What the last step did, in a few words for the report; empty when there is nothing to say.
  package var note = ""
  /// A float model with tensors of the same names, to follow shapes through, for a `model` that has operators of our own;
  /// nil for one of standard operators.
  package var shapes: OnnxModel?

  package init(model: OnnxModel, manifest: ModelManifest) {
    (self.model, self.manifest) = (model, manifest)
  }

  /// Of the pictures that it is measured with: 1 x 3 x H x W.
  package var inputShape: [Int] {
    let (height, width) = manifest.usualSides
    return [1, 3, height, width]
  }
}

/// What steps may use.
package struct CompressionContext: Sendable {
  var engine: any InferenceEngine
  /// The float model that the ladder began with, for steps that imitate it.
  package var original: CompressionCandidate
  /// Prepared as the float model's pipeline does it, but bytes: 1 x 3 x H x W, not yet shifted and scaled.
  var pictures: [ModelInput]
  /// The share of values left out at each end of a range; nil for what suits the model.
  var clip: Double?
  /// Called with the work done and all work; throwing ends the step.
  var progress: @Sendable (Int, Int) throws -> Void

  package init(
    engine: any InferenceEngine, original: CompressionCandidate, pictures: [ModelInput], clip: Double?,
    progress: @escaping @Sendable (Int, Int) throws -> Void
  ) {
    (self.engine, self.original, self.pictures, self.clip) = (engine, original, pictures, clip)
    self.progress = progress
  }

  /// How ranges are found.
  ///
  /// Leaving the rarest values out makes steps finer for all others. But a face is rare itself: few calibration
  /// pictures hold one, and the values that it alone gives are those that would be left out.
  var rangeRule: RangeRule {
    let clip = clip ?? (original.manifest.classes == ["face"] ? 0 : 1e-4)
    return clip > 0 ? .quantile(clip) : .minMax
  }
}
