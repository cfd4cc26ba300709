import Detectors
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Turns a float detector into a static INT8 model that any ONNX Runtime can run: pairs of `QuantizeLinear` and
/// `DequantizeLinear` around the float operators, with a scale for each output of the weights and one for each tensor.
struct PortableQuantizer {
  struct Options: Sendable {
    /// How ranges are found.
    var rule: RangeRule
    /// int8 around zero in place of uint8 from the lowest value on: what some accelerators ask for.
    var isSymmetric: Bool
    /// Which tensors stay in floats. To find them, up to six of the pictures, one in five, are kept apart: no range is
    /// found on them.
    var floats: FloatChoice
    /// How many different integers each layer's weights may be, 2 to 256: ``WeightSharing`` with the same number then
    /// stores them in fewer bits and changes nothing in them.
    var clusters: Int?

    init(
      rule: RangeRule = .quantile(1e-4), isSymmetric: Bool = false, floats: FloatChoice = .none, clusters: Int? = nil
    ) {
      (self.rule, self.isSymmetric, self.floats, self.clusters) = (rule, isSymmetric, floats, clusters)
    }
  }

  /// A portable integer model, and what became of the float one.
  struct Result {
    var model: OnnxModel
    /// Convolutions that run in integers.
    var integerConvolutions: Int
    /// Convolutions that stay in floats.
    var floatConvolutions: Int
    /// All tensors that can be rounded, the most sensitive first; empty where none were to stay in floats.
    var ranking: [TensorSensitivity]
    /// How many of the ranking stay in floats.
    var floatTensors: Int
  }

  private let engine: any InferenceEngine
  private let options: Options

  init(engine: any InferenceEngine, options: Options = Options()) {
    self.engine = engine
    self.options = options
  }

  /// - Parameters:
  ///   - model: the float model, graph passes applied, its picture size free where it can be.
  ///   - pictures: calibration pictures as the pipeline's preprocessing writes them: bytes, 1 x 3 x H x W.
  ///   - format: how the float model wants its picture.
  ///   - progress: what is done and what there is to do, in runs and then, for the ranking, in tensors; throwing ends
  ///     the work.
  /// - Throws: a ``PipelineError`` when the model does not suit, or from the engine.
  func quantize(
    _ model: OnnxModel, pictures: [Tensor], format: InputFormat, progress: (Int, Int) throws -> Void
  ) throws -> Result {
    guard let first = pictures.first else {
      throw PipelineError(
        "there are no calibration pictures", remedy: "give a folder of pictures or a video", code: .notFound)
    }
    if case .untilError(let bound) = options.floats, !(bound >= 0) {
      throw PipelineError(
        "the error bound \(bound) is not valid", remedy: "choose a bound of 0 or more", code: .invalidArgument)
    }
    if let clusters = options.clusters { _ = try WeightSharing(clusters: clusters) }
    var model = model
    try OnnxOpset.upgrade(&model)
    let region = try IntegerRegion(model, inputSize: first.shape.last ?? 0)
    let apart = options.floats == .none ? 0 : min(6, max(1, pictures.count / 5))
    guard apart < pictures.count else {
      throw PipelineError(
        "one picture is not enough to find the most sensitive tensors", remedy: "give two or more", code: .notFound)
    }
    let calibration = try Calibration(
      model, region, pictures: pictures.dropLast(apart), format: format, engine: engine, progress: progress)
    var layout = PortableLayout(
      region, try Distribution.all(region, calibration), rule: options.rule, isSigned: options.isSymmetric)
    var ranking: [TensorSensitivity] = [], count = 0
    if options.floats != .none {
      let pool = BufferPool()
      let inputs = pictures.suffix(apart).map { $0.prepared(for: format, pool: pool) }
      let analysis = SensitivityAnalysis(
        model, region, layout, error: try OutputError(model, inputs: inputs, engine: engine))
      ranking = try analysis.ranking(progress: progress)
      count = try analysis.count(options.floats, of: ranking)
      layout = layout.leaving(Set(ranking.prefix(count).map(\.tensor)))
    }
    let moments =
      options.clusters == nil
      ? try InputMoments(
        model, region, pictures: Array(pictures.dropLast(apart)), format: format, engine: engine, progress: progress)
      : nil
    let made = try PortableModelWriter.write(
      model, region, layout, packsFloats: options.floats.packsFloats, clusters: options.clusters, moments: moments)
    return Result(
      model: made.model, integerConvolutions: made.integerConvolutions,
      floatConvolutions: model.proto.graph.node.count { $0.opType == "Conv" } - made.integerConvolutions,
      ranking: ranking, floatTensors: count)
  }
}
