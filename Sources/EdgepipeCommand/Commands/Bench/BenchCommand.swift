import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation
import Measure

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures a model's speed, memory and energy on this machine, with confidence intervals.",
    discussion: """
      Measures every combination of input sizes, batches, threads and workers in several interleaved repeats, so that \
      changes of the machine's load affect all combinations alike. Ctrl-C stops it and reports what was measured so \
      far.

        edgepipe bench yunet-n
        edgepipe bench yolox-nano --batch 1 --threads 1,2 --workers 1,2 --markdown out/bench.md
        edgepipe bench model.onnx --input square,auto,320x192 --batch 1 --runs 200 --repeats 3 --json

      docs/bench.md explains all figures.
      """)

  @Argument(help: "A model's name, or a path to an .onnx file or a manifest.") var model: String

  @Option(
    help: ArgumentHelp(
      "Input sizes: square, auto (for a 16:9 picture) or width x height (default: the model's own, or square).",
      valueName: "square|auto|WxH,…"))
  var input: BenchInputs?

  @Option(help: ArgumentHelp("Pictures per inference.", valueName: "n,…"))
  var batch = NumberList([1, 4, 8, 16, 32])

  @Option(help: ArgumentHelp("Threads per inference.", valueName: "n,…")) var threads = NumberList([1])
  @Option(help: ArgumentHelp("Parallel sessions.", valueName: "n,…")) var workers = NumberList([1])

  @Option(help: ArgumentHelp("Inferences of single pictures per repeat.", valueName: "n")) var runs = 1000
  @Option(help: ArgumentHelp("Inferences of larger batches per repeat.", valueName: "n")) var batches = 100
  @Option(help: ArgumentHelp("Uncounted warm-up inferences per repeat.", valueName: "n")) var warmUp = 50
  @Option(help: ArgumentHelp("Number of repeats.", valueName: "n")) var repeats = 5
  @Option(help: ArgumentHelp("Seed of the random pictures.", valueName: "n")) var seed: UInt64 = 1
  @Flag(help: "Also measures output decoding and non-maximum suppression, for single pictures.") var decode = false

  @Flag(help: "Prints the result as JSON on standard output.") var json = false
  @Option(help: ArgumentHelp("Writes the tables to this file.", valueName: "file")) var markdown: String?
  @Option(help: ArgumentHelp("Writes one line per repeat to this file.", valueName: "file")) var csv: String?

  @Option(
    name: .customLong("power-profile"),
    help: ArgumentHelp("The power profile of this machine, as with 'edgepipe run'.", valueName: "name|file"))
  var powerProfile: String?

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  func validate() throws {
    guard (1...1_000_000).contains(runs), (1...1_000_000).contains(batches), (0...1_000_000).contains(warmUp),
      (1...1000).contains(repeats)
    else {
      throw ValidationError(
        "--runs and --batches must be 1 to 1,000,000, --warm-up 0 to 1,000,000, --repeats 1 to 1,000")
    }
    guard batch.numbers.allSatisfy({ $0 <= 1024 }), (threads.numbers + workers.numbers).allSatisfy({ $0 <= 256 }) else {
      throw ValidationError("--batch must be at most 1024, --threads and --workers at most 256")
    }
  }

  func run() throws {
    let resolved = try ModelStore.standard().resolve(model)
    let files: [FileUse?] = [
      powerProfile.map { .reads($0, as: "the power profile") }, markdown.map { .writes($0, as: "--markdown") },
      csv.map { .writes($0, as: "--csv") },
    ]
    try FileClaims.check(resolved.files(as: "the model") + files.compactMap { $0 })
    let power = PowerSetup.standard(profile: try powerProfile.map { file in try .load(file) })
    let engine = try ONNXRuntimeEngine(libraryPath: library)
    let subject = try ModelSubject(resolved, engine: engine, decodes: decode, seed: seed)
    let configurations = BenchConfiguration.matrix(
      inputs: try (input?.shapes ?? [subject.manifest.usualShape]).map(subject.size), batches: batch.numbers,
      threads: threads.numbers, workers: workers.numbers)
    let bench = Bench(
      subject, configurations: configurations,
      settings: BenchSettings(warmUps: warmUp, runs: runs, batches: batches, repeats: repeats),
      environment: BenchEnvironment(power: power))
    try Interruption().onStop {
      Terminal.note("\nstopping: what was measured so far is reported (interrupt again to stop immediately)")
      bench.requestStop()
    }
    try finish(
      measure(bench),
      BenchFacts(version: Edgepipe.version, engine: engine.version, subject: subject, decodes: decode, seed: seed))
  }

  private func measure(_ bench: Bench) throws -> BenchResult {
    let line = ProgressLine()
    defer { line.end() }
    return try bench.run { line.show(Self.line($0)) }
  }

  private func finish(_ result: BenchResult, _ facts: BenchFacts) throws {
    let tables = BenchTables(result, facts: facts)
    if let markdown { try WholeFile.write(to: markdown) { try $0(tables.markdown) } }
    if let csv { try WholeFile.write(to: csv) { try $0(BenchCSV(result).text) } }
    if json {
      Terminal.out(String(try BenchReport(result, facts: facts).root.json().dropLast()))
    } else {
      Terminal.out(Self.text(tables))
    }
    if !json { for file in [markdown, csv].compactMap({ $0 }) { Terminal.say("written     \(file)") } }
  }

  private static func text(_ tables: BenchTables) -> String {
    var lines: [String] = []
    if !tables.latency.rows.isEmpty { lines += [text(tables.latency), "", text(tables.cost), ""] }
    lines += tables.remarks
    if !tables.unsupported.isEmpty { lines += [""] + tables.unsupported.map { "not measured: \($0)" } }
    if !tables.warnings.isEmpty { lines += [""] + tables.warnings.map { "warning: \($0)" } }
    return lines.joined(separator: "\n")
  }

  private static func text(_ part: BenchTables.Part) -> String {
    var table = Table(part.header, alignment: part.isNumeric.map { $0 ? .right : .left })
    for row in part.rows { table.add(row) }
    return table.text
  }

  static func line(_ progress: Bench.Progress) -> String {
    let parts = [
      "round \(progress.round)/\(progress.rounds)", progress.configuration.label, progress.activity,
      progress.remainingSeconds.map { "ETA \(ProgressLine.clock($0))" },
    ]
    return parts.compactMap { $0 }.joined(separator: " | ")
  }
}
