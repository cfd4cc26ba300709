import ArgumentParser
import EdgepipeCore
import Foundation
import Measure

struct ABCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ab",
    abstract: "Compares two models or two pipelines on the same frames, and says whether to take the second.",
    discussion: """
      Runs A, the baseline, and B, the candidate, in turns (ABBA BAAB ...), each run short and in a process of its \
      own, and compares latency, throughput, CPU time, energy, memory and what they find. Sinks are replaced by one \
      that writes nothing. One longer run of each comes first, uncounted: what it finds is compared.

        edgepipe ab yolov3-tiny yolox-nano --source street.mp4
        edgepipe ab model.onnx model-int8.onnx --pipeline pipelines/objects-only.json --stage objects
        edgepipe ab now.json next.json --source street.mp4 --rounds 16
        edgepipe ab yolox-nano nano-int8 --source val2017 --coco instances_val2017.json --max-loss 0.5

      The verdict is 'deploy', 'hold' or 'keep measuring', with its reasons; the exit status is 0 for each of them.
      """)

  @Argument(
    help: "The baseline: a pipeline file, a model of the store, an .onnx file or a manifest.", completion: .file())
  var a: String

  @Argument(help: "The candidate, of the same kind.", completion: .file())
  var b: String

  @OptionGroup var place: ABPlace

  @Option(help: ArgumentHelp("Repeats of each side: the values that are compared.", valueName: "n"))
  var repeats: Int = Schedule.standard.repeats

  @Option(
    help: ArgumentHelp(
      "Runs of each repeat. Each round has one of every repeat; more rounds find smaller differences.", valueName: "n"))
  var rounds: Int = Schedule.standard.rounds

  @Option(help: ArgumentHelp("Frames of each run, at most; of several streams, of each.", valueName: "n"))
  var frames: Int = 50

  @Option(
    name: .customLong("min-agreement"),
    help: ArgumentHelp("The least F1 of B's boxes against A's.", valueName: "F1"))
  var minimumAgreement: Double = 0.9

  @Option(
    help: ArgumentHelp(
      "The annotations of the pictures in --source, in COCO's format: compares accuracy as well, on all of them.",
      valueName: "instances.json"),
    completion: .file(extensions: ["json"]))
  var coco: String?

  @Option(
    name: .customLong("max-loss"),
    help: ArgumentHelp("With --coco, how many points of AP (hundredths) B may have less than A.", valueName: "points"))
  var maximumLoss: Double = 1

  @Option(help: ArgumentHelp("Writes the comparison as JSON to this file.", valueName: "file"))
  var report: String?

  @Flag(help: "Prints the comparison as JSON on standard output instead of the table.")
  var json = false

  func validate() throws {
    guard (2...100).contains(repeats) else {
      throw ValidationError("--repeats is between 2 and 100: one shows no spread")
    }
    guard (1...1000).contains(rounds) else { throw ValidationError("--rounds is between 1 and 1000") }
    guard (1...1_000_000).contains(frames) else { throw ValidationError("--frames is between 1 and 1000000") }
    guard (0...1).contains(minimumAgreement) else { throw ValidationError("--min-agreement is between 0 and 1") }
    guard (0...100).contains(maximumLoss) else { throw ValidationError("--max-loss is between 0 and 100") }
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
      Terminal.note("\nending: the run under way is given up (again to end at once)")
      runs.stop()
    }
    let trial = ABTrial(inputs: inputs, runs: runs, folder: folder, truth: truth)
    guard let comparison = try measure(trial) else {
      return Terminal.note("nothing has been compared: it ended before the first round did")
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
      "Takes the frames from here: a video file or a folder of pictures. With several source stages: id=URL.",
      valueName: "url"))
  var sources: [String] = []

  @Option(
    help: ArgumentHelp(
      "Runs the models in this pipeline; otherwise in one of source, letterbox and detector.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var pipeline: String?

  @Option(
    help: ArgumentHelp(
      """
      With --pipeline, the stage that gets the models. Of two pipelines, the stage whose time is the latency; \
      otherwise it is what all stages work on a frame.
      """,
      valueName: "id"))
  var stage: String?

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library; otherwise it is looked for.", valueName: "file"))
  var library: String?
}
