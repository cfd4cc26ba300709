package import Detectors
import EdgepipeCore
import Foundation
package import Logging
import Pipeline
import Stages

/// Prepares calibration pictures with the stages that a pipeline prepares them with: source.ffmpeg and
/// preprocess.letterbox. Ranges found on other pictures, or on pictures scaled otherwise, are wrong ranges.
package final class CalibrationRun: Sendable {
  /// What came of it: bytes, 1 x 3 x H x W each.
  package struct Pictures: Sendable {
    /// To calibrate on.
    package var drawn: [ModelInput]
    /// Some of the others, to judge the result on.
    package var others: [ModelInput]
  }

  private let sample: PictureSample
  private let runner: PipelineRunner
  private let source: String

  /// - Parameters:
  ///   - source: a folder of pictures, or a video file.
  ///   - manifest: of the float model. The pictures come as bytes, not yet shifted and scaled.
  ///   - shape: in place of the model's usual one.
  ///   - count: how many are drawn.
  ///   - others: how many of the rest are kept as well.
  ///   - isReserved: true for names of pictures that must not be drawn.
  ///   - progress: called after each picture with the number that was looked at.
  package init(
    _ source: String, for manifest: ModelManifest, shape: InputShape? = nil, count: Int, others: Int, seed: UInt64,
    isReserved: @escaping @Sendable (String) -> Bool = { _ in false }, logger: Logger,
    progress: @escaping @Sendable (Int) -> Void
  ) throws {
    var format = manifest.input
    (format.element, format.mean, format.scale) = (.uint8, [0, 0, 0], [1, 1, 1])
    let request = InputRequest(
      format: format, shape: shape ?? manifest.usualShape, nominalSize: manifest.inputSize, stride: manifest.stride)
    sample = PictureSample(
      request, count: count, others: others, seed: seed, isReserved: isReserved, progress: progress)
    self.source = source
    guard FileManager.default.fileExists(atPath: source) else { throw Self.missing(source) }
    var services = StageServices()
    services.provide(sample)
    do {
      runner = try PipelineRunner(
        PipelinePlan(
          name: "calibration",
          stages: [
            try .init("pictures", FFmpegSource.self, .init(url: source)),
            try .init("scale", Letterbox.self, after: ["pictures"]),
            try .init("sample", SampleSink.self, after: ["scale"]),
          ]), logger: logger, services: services)
    } catch let errors as StageBuildErrors {
      throw errors.errors.first ?? PipelineError("'\(source)' cannot be read", code: .malformed)
    }
  }

  static func missing(_ source: String) -> PipelineError {
    PipelineError(
      "the calibration pictures '\(source)' do not exist", remedy: "give a folder of pictures or a video file",
      code: .notFound)
  }

  /// Reads to the end; once.
  ///
  /// - Throws: ``PipelineError`` when nothing could be read.
  package func run() throws -> Pictures {
    do { try runner.run() } catch let error as PipelineError { throw error.withoutStage }
    guard !sample.pictures.isEmpty || sample.others.isEmpty else {
      throw PipelineError(
        "all \(sample.others.count) pictures of '\(source)' are reserved for the evaluation",
        remedy: "calibrate on another folder, or on more pictures", code: .malformed)
    }
    guard !sample.pictures.isEmpty else {
      throw PipelineError(
        "'\(source)' has no pictures", remedy: "give a folder of pictures or a video file", code: .notFound)
    }
    return Pictures(drawn: sample.pictures, others: sample.others)
  }
}
