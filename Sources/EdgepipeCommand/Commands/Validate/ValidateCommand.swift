import ArgumentParser
import EdgepipeCore
import Logging
import Pipeline
import Stages

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Checks a pipeline file and everything it names; runs nothing.",
    discussion: "All mistakes are reported at once, each with line, column and, where one is near, the right name.")

  @OptionGroup var options: PipelineOptions

  @Flag(help: "Streams may join, as in a run with --control: those that are not there yet are a warning.")
  var control = false

  func run() throws {
    let runner = try options.makeRunner(logger: Log.quiet, staysOpen: control) { Terminal.note("warning: \($0)") }
    let count = runner.plan.stages.count, warnings = runner.warnings.count
    let verdict =
      warnings == 0 ? "nothing to complain about" : warnings == 1 ? "one warning" : "\(warnings) warnings"
    Terminal.say("\(options.shownFile): ok, \(count) stage\(count == 1 ? "" : "s"), \(verdict)")
    for stage in runner.snapshot(withFacts: true).stages {
      guard let model = stage.facts["model"]?.plain, let precision = stage.facts["precision"]?.plain else { continue }
      Terminal.say("  \(stage.id): \(model) (\(precision))")
    }
  }
}

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of pipeline files, for editors and other programs.")

  func run() { Terminal.out(PipelineSchema.json(registry: .builtin)) }
}

struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "Lists the stage types, or explains the options of one.")

  @Argument(help: "A stage type, such as detect.yolo.")
  var type: String?

  func run() throws {
    guard let type else { return list() }
    guard let stage = StageRegistry.builtin[type] else {
      let known = StageRegistry.builtin.all.map(\.type).joined(separator: ", ")
      throw PipelineError("there is no stage type '\(type)'", remedy: "known types: \(known)", exit: .usage)
    }
    Terminal.out("\(stage.type) (\(stage.role.rawValue)): \(stage.summary)\n")
    guard !stage.schema.properties.isEmpty else { return Terminal.out("It has no options.") }
    var table = Table(["option", "type", "default", "meaning"], alignment: [.left, .left, .left, .left])
    for property in stage.schema.properties {
      let standard = property.isRequired ? "required" : property.defaultJSON ?? "-"
      table.add([property.name, property.kind.words, standard, property.summary])
    }
    Terminal.out(table.text)
  }

  private func list() {
    var table = Table(["type", "workers", "what it does"], alignment: [.left, .right, .left])
    for stage in StageRegistry.builtin.all {
      table.add([stage.type, stage.maximumWorkers > 1 ? "1-\(stage.maximumWorkers)" : "1", stage.summary])
    }
    Terminal.out(table.text)
  }
}

extension ObjectSchema.ValueKind {
  /// The type in a few words, for tables.
  var words: String {
    switch self {
    case .bool: "true or false"
    case .integer(let range):
      range.upperBound == .max ? "integer >= \(range.lowerBound)" : "\(range.lowerBound)...\(range.upperBound)"
    case .number(let range):
      range.upperBound.isFinite && range.upperBound < 1e9 ? "\(range.lowerBound)...\(range.upperBound)" : "number"
    case .string: "text"
    case .word(let words): words.joined(separator: " | ")
    case .list(let element, _): "list of \(element.words)"
    case .object, .anyObject: "object"
    case .any(let kinds): kinds.map(\.words).joined(separator: " or ")
    }
  }
}
