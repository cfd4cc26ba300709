import Detectors
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// Turns a float detector into one that runs in integers, without training it again.
struct ModelQuantizer {
  struct Options: Sendable {
    /// How ranges are found.
    var rule: RangeRule
    var leadingFloats: LeadingFloats

    /// The default leaves out one value in ten thousand at each end.
    init(rule: RangeRule = .quantile(1e-4), leadingFloats: LeadingFloats = .automatic) {
      self.rule = rule
      self.leadingFloats = leadingFloats
    }
  }

  /// An integer model, and what became of the float one.
  struct Result {
    var model: OnnxModel
    /// Convolutions that run in integers, those with float outputs among them.
    var integerConvolutions: Int
    /// The last convolutions, whose outputs are floats.
    var lastConvolutions: Int
    /// The first convolutions that stay in floats.
    var floatHeadConvolutions: Int
    /// Convolutions before boxes and scores that stay in floats.
    var floatConvolutions: Int
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
  ///   - progress: runs done and runs in all; throwing ends the work.
  /// - Throws: a ``PipelineError`` when the model does not suit, or from the engine.
  func quantize(
    _ model: OnnxModel, pictures: [Tensor], format: InputFormat, progress: (Int, Int) throws -> Void
  ) throws -> Result {
    guard let first = pictures.first else {
      throw PipelineError(
        "there are no calibration pictures", remedy: "give a folder of pictures or a video", code: .notFound)
    }
    let size = first.shape.last ?? 0
    let region = try IntegerRegion(model, inputSize: size)
    let calibration = try Calibration(
      model, region, pictures: pictures, format: format, engine: engine, progress: progress)
    let layout = try IntegerLayout(region, calibration, rule: options.rule)
    let moments = try InputMoments(
      model, region, pictures: pictures, format: format, engine: engine, progress: progress)
    let convolutions = try IntegerConvolution.all(region, layout, moments)
    func made(_ head: Int) throws -> Result {
      let region = try IntegerRegion(model, inputSize: size, leadingFloats: head)
      return Result(
        model: try IntegerModelWriter.write(model, region, layout, convolutions: convolutions, format: format),
        integerConvolutions: region.integerSteps.count { $0.convolution != nil } + region.lastConvolutions.count,
        lastConvolutions: region.lastConvolutions.count, floatHeadConvolutions: head,
        floatConvolutions: region.rest.count { $0.opType == "Conv" } - region.lastConvolutions.count)
    }
    guard case .convolutions(let count) = options.leadingFloats else {
      return try best(made, model, pictures: pictures, format: format)
    }
    return try made(count)
  }

  /// The result with the fewest float convolutions at the beginning that is nearly as exact as any.
  private func best(
    _ made: (Int) throws -> Result, _ model: OnnxModel, pictures: [Tensor], format: InputFormat
  ) throws -> Result {
    let few = Array(pictures.prefix(8))
    let pool = BufferPool()
    let error = try OutputError(model, inputs: few.map { $0.prepared(for: format, pool: pool) }, engine: engine)
    var results: [(result: Result, error: Double)] = []
    let region = try IntegerRegion(model, inputSize: few.first?.shape.last ?? 0)
    let narrow = region.steps.compactMap(\.convolution).prefix { $0.outputs <= LeadingFloats.mostOutputs }.count
    for count in 0...min(narrow, LeadingFloats.most) {
      // Models that begin in another way, or whose first convolution cannot read bytes.
      guard let result = try? made(count) else { continue }
      results.append((result, try error(of: result.model, inputs: few)))
    }
    let least = results.map(\.error).min() ?? 0
    guard let best = results.first(where: { $0.error <= least * LeadingFloats.tolerance }) else { return try made(0) }
    return best.result
  }
}
