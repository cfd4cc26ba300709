import Detectors
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
        "the stream '\(live.id)' of '\(name)' is live: A and B would not see the same frames",
        remedy: "give a file or a folder of pictures with --source", exit: .usage)
    }
  }

  /// What ends each stream after so many frames.
  private func limits(_ frames: Int) -> [String] {
    config.stages.compactMap { stage in
      let key: String? =
        switch stage.type {
        case FFmpegSource.type: "maxFrames"
        case SyntheticSource.type: "frames"
        default: nil
        }
      return key.map { "\(stage.id).\($0)=\(min(frames, stage.config[$0]?.integer ?? frames))" }
    }
  }

  /// For each detector the limit that a score must exceed.
  var scores: [String: Double] {
    var scores: [String: Double] = [:]
    for stage in detectors {
      let standard = Edgepipe.registry[stage.type]?.schema.properties.first { $0.name == "score" }?.defaultJSON
      scores[stage.id] = stage.config["score"]?.number ?? standard.flatMap { Double($0) }
    }
    return scores
  }

  /// The names of all that the detectors may find.
  func classes() throws -> Set<String> {
    let store = ModelStore.standard()
    return try detectors.reduce(into: []) { classes, stage in
      if let wanted = stage.config["classes"]?.elements?.compactMap(\.string) {
        classes.formUnion(ClassName.spellings(wanted))
      } else if let model = stage.config["model"]?.string {
        classes.formUnion(try DetectorModel(model, resolver: store).classes)
      }
    }
  }

  /// What decides about its runs.
  func subject() throws -> Sameness.Subject {
    let store = ModelStore.standard()
    var models: [String: Sameness.Subject.Model] = [:]
    for stage in detectors {
      guard let reference = stage.config["model"]?.string else { continue }
      let model = try store.resolve(reference)
      models[stage.id] = .init(reference: reference, sha256: model.sha256, manifest: model.manifest)
    }
    let stages = config.stages.map { stage in
      let options = stage.role == .sink ? [] : stage.config.members ?? []
      let words = options.filter { models[stage.id] == nil || $0.key != "model" }.map { member in
        "\(member.key)=\(String(decoding: member.value.data, as: UTF8.self))"
      }
      let queue = "\(stage.queue.capacity.map(String.init) ?? "-") \(stage.queue.overflow?.rawValue ?? "-")"
      return
        ([stage.id, stage.role == .sink ? "sink" : stage.type, "\(stage.after)", "\(stage.workers)", queue]
        + words.sorted()).joined(separator: " ")
    }
    return Sameness.Subject(name: name, stages: stages, models: models)
  }

  private var detectors: [StageSettings] { config.stages.filter { TuneInputs.isTunable($0.type) } }
  private var sinks: [StageSettings] { config.stages.filter { $0.role == .sink } }

  /// The command line of a run that is measured: nothing is written but its report.
  func measuring(report: URL) -> [String] {
    arguments(sets: limits(frames) + sinks.flatMap { Self.replace($0.id, NullSink.type, "{}") }, report: report)
  }

  /// The command line of a run that keeps what was found.
  ///
  /// - Parameters:
  ///   - files: for the lines of each sink, see ``results(in:prefix:)``.
  ///   - leastScore: detectors report all above it, on all frames of the source; nil: as the file says.
  func looking(files: [URL], report: URL, leastScore: Double?) throws -> [String] {
    var sets = leastScore == nil ? limits(frames * rounds) : []
    for (sink, file) in zip(sinks, files) {
      sets += Self.replace(sink.id, JSONLinesSink.type, try ReportValue.object(["path": .string(file.path)]).json())
    }
    if let leastScore { sets += detectors.map { "\($0.id).score=\(min(leastScore, scores[$0.id] ?? leastScore))" } }
    return arguments(sets: sets, report: report)
  }

  /// A file for each sink.
  func results(in folder: URL, prefix: String) -> [URL] {
    sinks.indices.map { folder.appendingPathComponent("\(prefix)-\($0).jsonl") }
  }

  private static func replace(_ id: String, _ type: String, _ config: String) -> [String] {
    ["\(id).type=\(type)", "\(id).config=\(config)"]
  }

  private func arguments(sets: [String], report: URL) -> [String] {
    ["run", options.file, "--quiet", "--report", report.path]
      + (options.sets + sets).flatMap { ["--set", $0] } + options.sources.flatMap { ["--source", $0] }
      + (options.library.map { ["--onnxruntime", $0] } ?? [])
  }
}
