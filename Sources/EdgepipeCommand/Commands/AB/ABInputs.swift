import Detectors
import EdgepipeCore
import Foundation
import Measure
import Pipeline
import Stages

/// A and B, each as a pipeline that can be run.
struct ABInputs {
  let sides: Both<ABSide>
  /// `models` or `pipelines`.
  let kind: String
  /// The stage whose service time is the latency; nil: the work of all stages.
  let stage: String?
  /// What the two have in common.
  let sameness: Sameness

  /// - Parameters:
  ///   - folder: for the pipeline that is made here.
  ///   - frames: of each stream in a run that is measured.
  ///   - rounds: as many times more frames are looked at.
  ///   - files: what the command reads and writes beside the two.
  /// - Throws: what is wrong with one of them: ``PipelineError`` or `ConfigErrors`.
  init(
    _ a: String, _ b: String, place: ABPlace, folder: URL, frames: Int, rounds: Int, files: [FileUse]
  ) throws {
    switch try (CompareInput(a), CompareInput(b)) {
    case (.pipeline, .pipeline):
      guard place.pipeline == nil else {
        throw PipelineError(
          "'\(a)' and '\(b)' are pipelines, and --pipeline applies only to models", remedy: "omit --pipeline",
          code: .invalidArgument)
      }
      kind = "pipelines"
      stage = place.stage
      sides = try Both(a: a, b: b).map { name in
        let file = try Self.file(of: name, in: folder)
        return try ABSide(
          name: name, options: PipelineOptions(file: file, place: place), frames: frames, rounds: rounds, files: files)
      }
    case (.model, .model):
      kind = "models"
      var place = place
      place.pipeline = try place.pipeline.map { try Self.file(of: $0, in: folder) }
      let base = try Self.base(a, b, place: place, folder: folder)
      stage = base.stage
      sides = try Both(a: a, b: b).map { model in
        var options = PipelineOptions(file: base.file, place: place)
        options.sets = [try "\(base.stage).model=\(Self.quoted(model))"]
        return try ABSide(name: model, options: options, frames: frames, rounds: rounds, files: files)
      }
    case (.pipeline, .model), (.model, .pipeline):
      throw PipelineError(
        "'\(a)' and '\(b)' cannot be compared: one is a pipeline, the other a model",
        remedy: "compare two pipelines or two models", code: .invalidArgument)
    }
    for side in Side.allCases { try Self.check(stage: stage, of: sides[side]) }
    sameness = try Sameness(
      sides.map { side in try Sameness.Subject(name: side.name, side.config, store: .standard()) }, kind: kind)
  }

  /// The pipeline file `name`, or a copy of it where the runs, which are processes of their own, could not read it
  /// again.
  private static func file(of name: String, in folder: URL) throws -> String {
    guard PipelineConfig.isPiped(name) else { return name }
    let copy = folder.appendingPathComponent("\(UUID().uuidString).json").path
    let text = try PipelineConfig.rewritten(file: name, registry: Edgepipe.registry, overrides: PipelineOverrides())
    try WholeFile.write(to: copy) { try $0(text) }
    return copy
  }

  private static func check(stage: String?, of side: ABSide) throws {
    guard let stage, side.config[stage: stage] == nil else { return }
    let known = side.config.stages.map(\.id)
    let guess = NearestName.suggestion(for: stage, among: known).map { "did you mean '\($0)'? " } ?? ""
    throw PipelineError(
      "'\(side.options.file)' has no stage '\(stage)'", remedy: guess + "stages: \(known.joined(separator: ", "))",
      code: .invalidArgument)
  }

  // MARK: - The pipeline that models are run in

  private static func base(
    _ a: String, _ b: String, place: ABPlace, folder: URL
  ) throws -> (file: String, stage: String) {
    if let pipeline = place.pipeline { return (pipeline, try place.stage ?? onlyDetector(of: pipeline, place: place)) }
    guard place.stage == nil else {
      throw PipelineError(
        "--stage needs the pipeline in which the models run", remedy: "give --pipeline as well", code: .invalidArgument)
    }
    guard !place.sources.isEmpty else {
      throw PipelineError(
        "no input is given to run the models on", remedy: "give --source, or a pipeline with --pipeline and --stage",
        code: .invalidArgument)
    }
    let store = ModelStore.standard()
    let findsFaces = try Both(a: a, b: b).map { try DetectorModel($0, resolver: store).findsFaces }
    guard findsFaces.a == findsFaces.b else {
      throw PipelineError(
        "'\(a)' and '\(b)' cannot be compared: one detects faces, the other objects",
        remedy: "compare two models of the same kind", code: .invalidArgument)
    }
    let file = folder.appendingPathComponent("pipeline.json")
    let text = try ModelPipeline.text(findsFaces: findsFaces.a, model: a)
    try WholeFile.write(to: file.path) { try $0(text) }
    return (file.path, ModelPipeline.detector)
  }

  private static func onlyDetector(of file: String, place: ABPlace) throws -> String {
    let detectors = try PipelineOptions(file: file, place: place).config().detectors
    guard detectors.count == 1 else {
      let known = detectors.map(\.id).joined(separator: ", ")
      throw PipelineError(
        "'\(file)' has \(detectors.count) detectors",
        remedy: "select the one that runs the models with --stage: \(known)", code: .invalidArgument)
    }
    return detectors[0].id
  }

  /// A text as JSON, for `--set`, which would take `12` for a number.
  private static func quoted(_ text: String) throws -> String { String(try ReportValue.string(text).json().dropLast()) }
}

extension PipelineOptions {
  /// A pipeline file that is run at a place.
  init(file: String, place: ABPlace) {
    self.init()
    self.file = file
    sets = []
    sources = place.sources
    sourceList = nil
    library = place.library
  }
}
