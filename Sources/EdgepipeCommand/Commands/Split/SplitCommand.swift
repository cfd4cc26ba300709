import ArgumentParser
import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeONNX
import Foundation

/// `edgepipe models split`: a model as several files that run one after the other.
struct SplitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split", abstract: "Cut a model into parts that run one after the other, here and elsewhere.",
    discussion: """
      Cuts the graph at tensors, or into as many files as stay below a size. The parts are ordinary ONNX files: each \
      takes what earlier ones give, and together they give what the whole model gives. That is checked before anything \
      is written. Beside each part a manifest names its tensors and the model that it is a part of. See docs/split.md.

        edgepipe models split yolox-nano --list
        edgepipe models split yolox-nano --at input.75 --output parts
        edgepipe models split large.onnx --max-size 50MB
        edgepipe models split yolox-nano --at input.75 --bits 5 --calibration pictures --triton repository
        edgepipe models split yolox-nano --measure --coco instances.json --images pictures
      """)

  @OptionGroup var standard: StoreOptions

  @Argument(help: "A model's name, or a path to an .onnx file or a manifest.") var model: String

  @Option(
    help: ArgumentHelp(
      "Cuts here: what this tensor needs comes first, all else later. Several with commas between them are one cut; "
        + "repeat the option for more parts.", valueName: "tensor"))
  var at: [String] = []

  @Option(
    help: ArgumentHelp(
      "Cuts into as many files as stay at or below this size, such as 50MB or 4MiB.", valueName: "size"))
  var maxSize: ByteLimit?

  @Flag(help: "Prints the sensible cuts instead: single tensors that everything goes through.") var list = false

  @Flag(help: "With --list, also those that an activation follows.") var all = false

  @Flag(help: "Measures every sensible cut instead, or those of --at: time, bytes, F1 and AP, beside JPEG.")
  var measure = false

  @OptionGroup(title: "Features") var features: FeatureOptions

  @Flag(help: "Frees the input's height and width first, as a pipeline does, so that the parts take any.")
  var anySize = false

  @Option(
    help: ArgumentHelp("Writes the parts into this folder (default: NAME-parts).", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(help: "Replaces parts of that name.") var force = false

  @Flag(help: "Does not compare the parts' outputs with the model's.") var skipCheck = false

  @Option(
    name: .customLong("onnxruntime"),
    help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
  var library: String?

  @Flag(help: "Prints the result as JSON.") var json = false

  func validate() throws {
    guard [!at.isEmpty && !measure, maxSize != nil, list, measure].filter({ $0 }).count == 1 else {
      throw ValidationError("Give one of --at, --max-size, --list and --measure (which --at may limit).")
    }
    guard list || measure || !all else { throw ValidationError("--all goes with --list or --measure.") }
    try features.check(measures: measure, cuts: at.count)
  }

  func run() throws {
    let resolved = try standard.modelStore.resolve(model)
    var whole = try OnnxModel(resolved)
    if anySize { try OnnxShapes.free(&whole) }
    let graph = try SplitGraph(whole), engine = try ONNXRuntimeEngine(libraryPath: library)
    if list { return try printCuts(graph, engine) }
    if measure { return try printFigures(graph, resolved, engine) }
    let (split, models) = try cut(graph, engine)
    let table = try features.table(split, models, resolved, engine)
    let files = try PartFiles(
      split, models, of: resolved, folder: output, replaces: force, features: table, triton: features.triton)
    let check = try skipCheck ? nil : check(whole, models, engine)
    try files.write()
    let report = SplitReport(files: files, split: split, models: models, check: check)
    Terminal.out(json ? String(try report.value.json().dropLast()) : report.text)
  }

  private func cut(
    _ graph: SplitGraph, _ engine: ONNXRuntimeEngine
  ) throws -> (split: GraphSplit, models: [OnnxModel]) {
    let facts = GraphFacts(graph.model, engine: engine)
    if let maxSize {
      return try GraphSplit.parts(of: graph, maximumBytes: maxSize.bytes, describe: facts.describe)
    }
    let split = try GraphSplit(graph, at: at.map { graph.names(in: $0) })
    return try (split, split.models(describe: facts.describe))
  }

  /// - Throws: a ``PipelineError`` when the parts give something else: nothing is written then.
  private func check(_ whole: OnnxModel, _ models: [OnnxModel], _ engine: ONNXRuntimeEngine) throws -> PartCheck {
    let check = try PartCheck(whole, parts: models, engine: engine, runs: 2, side: Self.freeSide)
    // More than rounding: operators that the engine joins into one round once, those that a cut keeps apart twice.
    if let (name, distance) = check.different.max(by: { $0.value < $1.value }), !(distance < 1e-3) {
      throw PipelineError(
        "the parts of '\(whole.name)' give other values for '\(name)' than the model: nothing was written",
        remedy: "cut at another tensor, or write them all the same with --skip-check", code: .mismatch)
    }
    return check
  }

  /// For dimensions that each run sets: detectors want multiples of 32.
  private static let freeSide = 320

  private func printFigures(
    _ graph: SplitGraph, _ resolved: ResolvedModel, _ engine: ONNXRuntimeEngine
  ) throws {
    let line = ProgressLine()
    defer { line.end() }
    _ = try Interruption(lastWords: "stopped")
    let report = try SplitMeter(graph, resolved, engine, options: features, line: line).run(at: at, includesAll: all)
    line.end()
    Terminal.out(json ? String(try report.value.json().dropLast()) : report.text)
  }

  private func printCuts(_ graph: SplitGraph, _ engine: ONNXRuntimeEngine) throws {
    let inputs = try GraphFacts(graph.model, engine: engine).randomInputs(seed: 1, side: Self.freeSide)
    let cuts = try CutCost.list(graph, engine: engine, inputs: inputs, includesAll: all)
    let report = CutReport(model: model, inputs: inputs.map { ($0.name, $0.shape) }, cuts: cuts)
    Terminal.out(json ? String(try report.value.json().dropLast()) : report.text)
  }
}

extension SplitGraph {
  /// The tensors that an option names: one, whose name may have commas, or several.
  func names(in option: String) -> [String] {
    (try? checkCut(option)) != nil
      ? [option] : option.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
  }
}
