import ArgumentParser
import EdgepipeCore
import Foundation
import Measure

struct ABCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ab",
    abstract: "Compares two models or two pipelines on the same frames and recommends whether to deploy the second.",
    discussion: """
      Runs A, the baseline, and B, the candidate, alternately (ABBA BAAB ...), each run short and in its own process, \
      and compares latency, throughput, CPU time, energy, memory and detections. Sinks are replaced by one that \
      writes nothing. One longer run of each comes first: it is not timed, and its detections are compared.

        edgepipe ab yolov3-tiny yolox-nano --source street.mp4
        edgepipe ab model.onnx model-int8.onnx --pipeline pipelines/objects-only.json --stage objects
        edgepipe ab now.json next.json --source street.mp4 --rounds 16
        edgepipe ab yolox-nano nano-int8 --source val2017 --coco instances_val2017.json --max-loss 0.5

      The verdict is 'deploy', 'hold' or 'keep measuring', with reasons; the exit status is 0 for each of them.
      """)

  @Argument(
    help: "The baseline: a pipeline file, a model in the store, an .onnx file or a manifest.", completion: .file())
  var a: String

  @Argument(help: "The candidate, of the same kind as the baseline.", completion: .file())
  var b: String

  @OptionGroup var place: ABPlace

  @Option(help: ArgumentHelp("Repeats of each side: the number of values that are compared.", valueName: "n"))
  var repeats: Int = Schedule.standard.repeats

  @Option(
    help: ArgumentHelp(
      "Runs of each repeat. Each round has one run of every repeat; more rounds detect smaller differences.",
      valueName: "n"))
  var rounds: Int = Schedule.standard.rounds

  @Option(help: ArgumentHelp("Maximum frames of each run; with several streams, of each stream.", valueName: "n"))
  var frames: Int = 50

  @Option(
    name: .customLong("min-agreement"),
    help: ArgumentHelp("Minimum F1 of B's boxes against A's.", valueName: "F1"))
  var minimumAgreement: Double = 0.9

  @Option(
    help: ArgumentHelp(
      "Annotations of the pictures in --source, in COCO format: also compares accuracy, on all of the pictures.",
      valueName: "instances.json"),
    completion: .file(extensions: ["json"]))
  var coco: String?

  @Option(
    name: .customLong("max-loss"),
    help: ArgumentHelp("With --coco, the AP points (hundredths) that B may lose against A.", valueName: "points"))
  var maximumLoss: Double = 1

  @Option(help: ArgumentHelp("Writes the comparison as JSON to this file.", valueName: "file"))
  var report: String?

  @Flag(help: "Prints the comparison as JSON on standard output instead of the table.")
  var json = false

  func validate() throws {
    guard (2...100).contains(repeats) else {
      throw ValidationError("--repeats must be between 2 and 100: a single repeat shows no spread")
    }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be between 1 and 1000") }
    guard (1...1_000_000).contains(frames) else { throw ValidationError("--frames must be between 1 and 1000000") }
    guard (0...1).contains(minimumAgreement) else { throw ValidationError("--min-agreement must be between 0 and 1") }
    guard (0...100).contains(maximumLoss) else { throw ValidationError("--max-loss must be between 0 and 100") }
  }

  func run() throws {
    let files =
      (coco.map { [FileUse.reads($0, as: "--coco")] } ?? [])
      + (report.map { [FileUse.writes($0, as: "--report")] } ?? [])
    // Before anything takes time; with what the pipelines read, it is looked at again.
    try FileClaims.check(files)
    let truth = try coco.map { Findings.Truth(try COCODataset(contentsOf: URL(fileURLWithPath: $0)), file: $0) }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-ab-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let inputs = try ABInputs(a, b, place: place, folder: folder, frames: frames, rounds: rounds, files: files)
    // Before the minutes of runs, and not only in the result.
    for note in inputs.sameness.notes { Terminal.note("note: \(note)") }
    let runs = ChildRuns()
    try Interruption().onStop {
      Terminal.note("\nstopping: the current run is discarded (interrupt again to stop immediately)")
      runs.stop()
    }
    let trial = ABTrial(inputs: inputs, runs: runs, folder: folder, truth: truth)
    guard let comparison = try measure(trial) else {
      return Terminal.note("nothing was compared: the command was stopped before the end of the first round")
    }
    let subject = ABReport.Subject(
      names: Both(a: a, b: b), kind: inputs.kind, stage: inputs.stage, version: Edgepipe.version,
      sameness: inputs.sameness)
    let document = try ABReport(comparison, subject: subject).root.json()
    if let report { try WholeFile.write(to: report) { try $0(document) } }
    Terminal.out(json ? String(document.dropLast()) : ABTable(comparison: comparison, subject: subject).text)
    if let report, !json { Terminal.say("\nreport      \(report)") }
  }

  /// Nil when it was ended too early.
  private func measure(_ trial: ABTrial) throws -> ABComparison? {
    let schedule = Schedule(repeats: repeats, rounds: rounds), display = ABProgress()
    defer { display.end() }
    guard let found = try trial.run(display) else { return nil }
    let measured = try Experiment(schedule).run(
      seconds: { ProcessInfo.processInfo.systemUptime }, progress: display.show,
      measure: { side in try trial.measure(side) { display.note($0, of: side) } })
    guard !measured.isEmpty else { return nil }
    var rule = VerdictRule()
    rule.minimumAgreement = minimumAgreement
    rule.maximumLoss = maximumLoss
    return ABComparison(
      runs: measured, schedule: schedule, agreement: found.agreement, accuracy: found.accuracy, rule: rule)
  }
}

/// Where A and B are run.
struct ABPlace: ParsableArguments {
  @Option(
    name: .customLong("source"),
    help: ArgumentHelp(
      "Reads the frames from this video file or folder of pictures. With several source stages: id=URL.",
      valueName: "url"))
  var sources: [String] = []

  @Option(
    help: ArgumentHelp(
      "Runs the models in this pipeline (default: a source, a letterbox and a detector).", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var pipeline: String?

  @Option(
    help: ArgumentHelp(
      """
      With --pipeline, the stage that runs the models. For two pipelines, the stage whose service time is compared as \
      the latency (default: the work of all stages on a frame).
      """,
      valueName: "id"))
  var stage: String?

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?
}
