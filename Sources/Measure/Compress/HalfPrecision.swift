import ModelTools
import Pipeline

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

/// Weights that are few different numbers in each layer (``WeightSharing``).
public struct SharedWeights: CompressionStep {
  public static let name = "weight-sharing"
  public static let summary = "Stores each layer's float weights as indices into a short table: a smaller file, the same speed."
  public static let version = 1
  public static let amount: StepAmount? = StepAmount(meaning: "different weights in a layer", range: 2...256, standard: 16)

  private let clusters: Int

  public init(amount: Double?) { clusters = Int(amount ?? 16) }

  public func apply(
    to candidate: CompressionCandidate, in context: CompressionContext
  ) throws -> CompressionCandidate {
    guard candidate.manifest.precision == "float32" else {
      throw StepRefusal("integer weights of 8 bits have more values than \(clusters); share them before, in floats")
    }
    let inputs = try ConvolutionInputs(
      candidate.model, pictures: context.pictures.map(\.tensor), format: candidate.manifest.input, engine: context.engine,
      progress: context.progress)
    return try candidate.stored { try WeightSharing(clusters: clusters).apply(to: $0, inputs: inputs) }
  }
}

extension CompressionCandidate {
  /// The same model with its weights in another form.
  ///
  /// - Throws: ``StepRefusal`` where nothing of it can be stored so.
  func stored(_ form: (OnnxModel) throws -> StoredForm) throws -> CompressionCandidate {
    var result = self
    do {
      let made = try form(model)
      result.model = made.model
      result.note = "\(made.tensorCount) layers, \(Figure.text(made.bitsPerWeight, decimals: 1)) bits a weight"
    } catch let error as PipelineError where error.exit == .dataError {
      throw StepRefusal(error.message)
    }
    return result
  }
}
