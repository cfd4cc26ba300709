import Detectors
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// What a float model's tensors hold on real pictures: the ground on which their integers are laid out.
struct Calibration {
  /// For each channel of each watched tensor.
  private(set) var histograms: [String: [ChannelHistogram]] = [:]

  /// Runs the float model over the pictures, twice: for the ends of the ranges, then for the distributions.
  ///
  /// - Parameters:
  ///   - model: the float model whose region is to be quantized.
  ///   - pictures: letterboxed as the model wants them, bytes in 0...255, 1 x 3 x H x W.
  ///   - format: how the float model wants them shifted and scaled.
  ///   - progress: called after each run with the runs done and all runs.
  /// - Throws: a ``PipelineError`` from the engine.
  init(
    _ model: OnnxModel, _ region: IntegerRegion, pictures: some Collection<Tensor>, format: InputFormat,
    engine: any InferenceEngine, progress: (Int, Int) throws -> Void
  ) throws {
    // The raw sums of convolutions and additions; what activations make of them follows.
    let watched = region.steps.filter { step in
      if step.convolution != nil { return true }
      if case .add = step.operation { return true }
      return false
    }.map(\.output)
    var watching = model
    watching.proto.graph.output = watched.map { .tensor($0, [.free(), .free(), .free(), .free()]) }
    let session = try engine.makeSession(
      model: watching.serialized(), options: SessionOptions(threads: 2, modelName: model.name))
    let pool = BufferPool()
    for pass in 0..<2 {
      for (index, picture) in pictures.enumerated() {
        try session.run(picture.prepared(for: format, pool: pool)) { outputs in
          for (name, output) in zip(watched, outputs.outputs) {
            try take(name, output, isCounting: pass == 1)
          }
        }
        try progress(pass * pictures.count + index + 1, 2 * pictures.count)
      }
    }
  }

  private mutating func take(_ name: String, _ output: ModelOutputs.Output, isCounting: Bool) throws {
    guard output.shape.count == 4, output.shape[0] == 1 else {
      throw PipelineError("tensor '\(name)' has the shape \(output.shape), not 1 x C x H x W", code: .unsupported)
    }
    let channels = output.shape[1], area = output.shape[2] * output.shape[3]
    if histograms[name] == nil { histograms[name] = Array(repeating: ChannelHistogram(), count: channels) }
    for channel in 0..<channels {
      // SAFETY: the output holds channels x area values.
      let plane = unsafe UnsafeBufferPointer(rebasing: output.values[channel * area..<(channel + 1) * area])
      if isCounting {
        unsafe histograms[name]?[channel].count(plane)
      } else {
        unsafe histograms[name]?[channel].widen(plane)
        guard histograms[name]?[channel].isFinite != false else {
          throw PipelineError(
            "tensor '\(name)' has infinite or NaN values on a calibration picture",
            remedy: "check the model's weights; such a model cannot run in integers", code: .unsupported)
        }
      }
    }
  }
}
