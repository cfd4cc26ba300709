import ArgumentParser
import Logging
import Pipeline

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
