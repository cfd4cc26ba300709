import EdgepipeCore
import Foundation
import Measure
import Pipeline
import Stages

/// One of the two things that `ab` compares, as a pipeline and what is changed in it.
struct ABSide {
  /// As the command line names it.
  let name: String
  let options: PipelineOptions
  let config: PipelineConfig
  private let frames: Int
  private let rounds: Int

  /// Reads and checks the pipeline with everything that it names.
  ///
  /// - Parameters:
  ///   - frames: each stream of a measured run ends after so many.
  ///   - rounds: as many times more frames are looked at.
  ///   - files: what the command reads and writes beside the pipeline.
  init(name: String, options: PipelineOptions, frames: Int, rounds: Int, files: [FileUse]) throws {
    self.name = name
    self.options = options
    self.frames = frames
    self.rounds = rounds
    config = try options.config()
    try config.requireRepeatableInputs()
    let streams = try options.withoutSinks(config).makeRunner(logger: Log.quiet, files: files)
      .snapshot().streamFigures
    if let live = streams.first(where: \.isLive) {
      throw PipelineError(
        "the stream '\(live.id)' of '\(name)' is live: A and B would not process the same frames",
        remedy: "give a file or a folder of pictures with --source", code: .invalidArgument)
    }
  }

  /// For each detector the limit that a score must exceed.
  var scores: [String: Double] { config.scores }

  private var sinks: [StageSettings] { config.stages.filter { $0.role == .sink } }

  /// The command line of a run that is measured: nothing is written but its report.
  func measuring(report: URL) -> [String] {
    arguments(sets: config.limited(toFrames: frames) + config.withoutSinks, report: report)
  }

  /// The command line of a run that keeps what was found.
  ///
  /// - Parameters:
  ///   - files: for the lines of each sink, see ``results(in:prefix:)``.
  ///   - leastScore: detectors report all above it, on all frames of the source; nil: as the file says.
  func arguments(files: [URL], report: URL, leastScore: Double?) throws -> [String] {
    var sets = leastScore == nil ? config.limited(toFrames: frames * rounds) : []
    for (sink, file) in zip(sinks, files) {
      let place = try ReportValue.object(["path": .string(file.path)]).json()
      sets += ["\(sink.id).type=\(JSONLinesSink.type)", "\(sink.id).config=\(place)"]
    }
    if let leastScore {
      sets += config.detectors.map { "\($0.id).score=\(min(leastScore, scores[$0.id] ?? leastScore))" }
    }
    return arguments(sets: sets, report: report)
  }

  /// A file for each sink.
  func results(in folder: URL, prefix: String) -> [URL] {
    sinks.indices.map { folder.appendingPathComponent("\(prefix)-\($0).jsonl") }
  }

  private func arguments(sets: [String], report: URL) -> [String] {
    ["run", options.file, "--quiet", "--report", report.path]
      + (options.sets + sets).flatMap { ["--set", $0] } + options.sources.flatMap { ["--source", $0] }
      + (options.library.map { ["--onnxruntime", $0] } ?? [])
  }
}
