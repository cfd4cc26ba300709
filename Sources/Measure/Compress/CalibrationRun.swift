import Detectors
import Foundation
import Logging
import Pipeline
import Stages

/// Prepares calibration pictures with the stages that a pipeline prepares them with: source.ffmpeg and
/// preprocess.letterbox. Ranges found on other pictures, or on pictures scaled otherwise, are wrong ranges.
public final class CalibrationRun: Sendable {
  private let sample: PictureSample
  private let runner: PipelineRunner
  private let source: String

  /// - Parameters:
  ///   - source: a folder of pictures, or a video file.
  ///   - manifest: of the float model. The pictures come as bytes, not yet shifted and scaled.
  ///   - count: how many are kept.
  ///   - progress: called after each picture with the number that was looked at.
  public init(
    _ source: String, for manifest: ModelManifest, count: Int, seed: UInt64, logger: Logger,
    progress: @escaping @Sendable (Int) -> Void
  ) throws {
    var format = manifest.input
    (format.element, format.mean, format.scale) = (.uint8, [0, 0, 0], [1, 1, 1])
    let request = InputRequest(
      format: format, shape: .square, nominalSize: manifest.inputSize, stride: manifest.stride)
    sample = PictureSample(request, count: count, seed: seed, progress: progress)
    self.source = source
    guard FileManager.default.fileExists(atPath: source) else {
      throw PipelineError(
        "the calibration pictures '\(source)' are not there", remedy: "name a folder of pictures or a video file",
        exit: .noInput)
    }
    var services = StageServices()
    services.provide(sample)
    var registry = StageRegistry.builtin
    registry.register(SampleSink.self)
    func stage(
      _ id: String, _ type: String, after: [String] = [], _ config: [String: ReportValue] = [:]
    ) throws -> PipelinePlan.StagePlan {
      guard let descriptor = registry[type] else {
        throw PipelineError("there is no stage of type '\(type)'", exit: .software)
      }
      return PipelinePlan.StagePlan(
        id: id, descriptor: descriptor, configuration: Array(try ReportValue.object(config).json().utf8), after: after,
        workers: 1)
    }
    do {
      runner = try PipelineRunner(
        PipelinePlan(
          name: "calibration",
          stages: [
            try stage("pictures", FFmpegSource.type, ["url": .string(source)]),
            try stage("scale", Letterbox.type, after: ["pictures"]),
            try stage("sample", SampleSink.type, after: ["scale"]),
          ]), logger: logger, services: services)
    } catch let errors as StageBuildErrors {
      throw errors.errors.first ?? PipelineError("'\(source)' cannot be read", exit: .dataError)
    }
  }

  /// Asks the run to end early.
  public func requestStop() { runner.requestStop() }

  /// Reads to the end; once.
  ///
  /// - Returns: the pictures that were kept: bytes, 1 x 3 x H x W.
  /// - Throws: ``PipelineError`` when nothing could be read, or when it was stopped.
  public func run() throws -> [Tensor] {
    // A thread that cannot be started is part of the outcome.
    try? runner.start()
    let outcome = runner.wait()
    if var failure = outcome.failure ?? outcome.streamFailures.first?.error {
      failure.stage = nil
      throw failure
    }
    if outcome.wasStopped { throw PipelineError("stopped while reading '\(source)'; nothing was written", exit: .partial) }
    guard !sample.pictures.isEmpty else {
      throw PipelineError("'\(source)' holds no pictures", remedy: "name a folder of pictures or a video file", exit: .noInput)
    }
    return sample.pictures
  }
}
