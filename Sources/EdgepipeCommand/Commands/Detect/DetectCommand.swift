import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Measure
import Pipeline
import Stages

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Detects objects in files, folders and cameras, without a pipeline file.",
    discussion: """
      Videos and cameras are tracked; pictures are not. --save writes annotated videos and pictures and results.jsonl. \
      Without --model it runs the most accurate installed object model, and fetches one if none is installed.

        edgepipe detect street.mp4 --save out
        edgepipe detect pictures/ rtsp://camera/stream --classes person,car
        edgepipe detect portraits/ --model centerface --json
      """)

  @Argument(help: "Video files, pictures, folders of pictures, rtsp://… or /dev/video0.")
  var inputs: [String]

  @Option(help: ArgumentHelp("A model's name, or a path to an .onnx file or a manifest.", valueName: "name"))
  var model: String?

  @Option(
    help: ArgumentHelp("Writes annotated videos and pictures and results.jsonl to this folder.", valueName: "folder"),
    completion: .directory)
  var save: String?

  @Option(help: ArgumentHelp("Detections score more than this (default: 0.3).", valueName: "0...1"))
  var score: Double?

  @Option(help: ArgumentHelp("Only these classes, such as person,car.", valueName: "names"))
  var classes: String?

  @OptionGroup var store: StoreOptions

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  @Flag(help: "Prints the summary as JSON.")
  var json = false

  func validate() throws {
    if inputs.isEmpty { throw ValidationError("Give a file, a folder of pictures or a camera's address.") }
    if let score, !(0...1).contains(score) { throw ValidationError("--score must be a number from 0 to 1.") }
  }

  func run() throws {
    let (choice, model) = try chosenModel()
    let names = classes?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    if names != nil, model.findsFaces {
      throw PipelineError(
        "'\(model.name)' finds only faces", remedy: "leave out --classes, or name an object model with --model",
        code: .invalidArgument)
    }
    var detection = DetectPlan(DetectInputs(inputs), model: model)
    (detection.score, detection.classes, detection.folder) = (score, names, save)
    detection.workers = MachineInfo.current.cores
    let tally = DetectionTally()
    var services = StageServices.standard(onnxRuntime: library, store: store.modelStore)
    services.provide(tally)
    let runner: PipelineRunner
    do {
      runner = try PipelineRunner(detection.plan(), logger: Log.logger(level: .warning), services: services)
    } catch let errors as StageBuildErrors {
      throw errors.faults.first?.error ?? PipelineError("\(errors)", code: .invalidArgument)
    }
    if !json { Terminal.note("model       \(choice.name): \(choice.reason)") }
    let outcome = try RunSession(quiet: false, showsProgress: !json).run(runner)
    try finish(runner, outcome, DetectSummary(choice: choice, inputs: detection.inputs, tally: tally, folder: save))
  }

  private func finish(_ runner: PipelineRunner, _ outcome: RunOutcome, _ summary: DetectSummary) throws {
    let snapshot = runner.snapshot(withFacts: true)
    try RunEnding(report: nil, quiet: false, json: json).finish(
      outcome, snapshot.ledger, report: summary.value(snapshot), summary.text(snapshot))
  }

  /// - Throws: ``PipelineError`` where the model is not there, and where none is and none can be fetched.
  private func chosenModel() throws -> (ModelChoice, DetectorModel) {
    let store = store.modelStore
    let choice =
      try model.map { ModelChoice(name: $0, reason: "as given with --model") }
      ?? ModelChoice(store, hasInt8DotProduct: DeviceInfo().hasInt8DotProduct) ?? fetched(store)
    return (choice, try DetectorModel(choice.name, resolver: store))
  }

  private func fetched(_ store: ModelStore) throws -> ModelChoice {
    let puller = ModelPuller(store: store) { Terminal.note($0) }
    var failure: (any Error)?
    for name in ModelChoice.fetched {
      do {
        try puller.pull(name)
        return ModelChoice(name: name, reason: "no object model was installed, so it was fetched")
      } catch { failure = failure ?? error }
    }
    throw failure ?? PipelineError("no object model is installed", remedy: "edgepipe models pull", code: .modelMissing)
  }
}
