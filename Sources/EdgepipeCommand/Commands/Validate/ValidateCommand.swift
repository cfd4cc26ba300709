import ArgumentParser
import Logging
import Pipeline

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Checks a pipeline file and everything it refers to without running it.",
    discussion: "Reports all errors at once, each with its line and column and, for a misspelt name, a suggestion.")

  @OptionGroup var options: PipelineOptions

  @Flag(help: "Allows streams to be added later, as in a run with --control: unknown streams are warnings, not errors.")
  var control = false

  func run() throws {
    let runner = try options.makeRunner(logger: Log.quiet, staysOpen: control) { Terminal.note("warning: \($0)") }
    let count = runner.plan.stages.count, warnings = runner.warnings.count
    let verdict =
      warnings == 0 ? "no warnings" : warnings == 1 ? "one warning" : "\(warnings) warnings"
    Terminal.say("\(options.shownFile): ok, \(count) stage\(count == 1 ? "" : "s"), \(verdict)")
    for stage in runner.snapshot(withFacts: true).stages {
      guard let model = stage.facts["model"]?.plain, let precision = stage.facts["precision"]?.plain else { continue }
      Terminal.say("  \(stage.id): \(model) (\(precision))")
    }
  }
}
