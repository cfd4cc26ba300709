import Detectors
import Foundation
import Pipeline

/// Turns a float detector into one that runs in integers, without training it again.
public struct ModelQuantizer {
  public struct Options: Sendable {
    /// How ranges are found.
    public var rule: RangeRule

    /// The default leaves out one value in ten thousand at each end.
    public init(rule: RangeRule = .quantile(1e-4)) { self.rule = rule }
  }

  /// An integer model, and what became of the float one.
  public struct Result {
    public var model: OnnxModel
    /// Convolutions that run in integers.
    public var integerConvolutions: Int
    /// Convolutions that stay in floats: the last before boxes and scores.
    public var floatConvolutions: Int
  }

  private let engine: any InferenceEngine
  private let options: Options

  public init(engine: any InferenceEngine, options: Options = Options()) {
    self.engine = engine
    self.options = options
  }

  /// - Parameters:
  ///   - model: the float model, graph passes applied, its picture size free where it can be.
  ///   - pictures: calibration pictures as the pipeline's preprocessing writes them: bytes, 1 x 3 x H x W.
  ///   - format: how the float model wants its picture.
  ///   - progress: runs done and runs in all; throwing ends the work.
  /// - Throws: a ``PipelineError`` when the model does not suit, or from the engine.
  public func quantize(
    _ model: OnnxModel, pictures: [Tensor], format: InputFormat, progress: (Int, Int) throws -> Void
  ) throws -> Result {
    guard let first = pictures.first else {
      throw PipelineError("there are no calibration pictures", remedy: "name a folder or a video with some", exit: .noInput)
    }
    let region = try IntegerRegion(model, inputSize: first.shape.last ?? 0)
    let calibration = try Calibration(
      model, region, pictures: pictures, format: format, engine: engine, progress: progress)
    let layout = try IntegerLayout(region, calibration, rule: options.rule)
    return Result(
      model: try IntegerModelWriter.write(model, region, layout, format: format),
      integerConvolutions: region.steps.count { $0.convolution != nil },
      floatConvolutions: region.rest.count { $0.opType == "Conv" })
  }
}
