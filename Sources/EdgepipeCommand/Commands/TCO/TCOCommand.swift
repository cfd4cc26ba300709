import ArgumentParser
import EdgepipeCore
import Measure

/// `edgepipe tco`: what ways of doing a job cost, and which to choose.
struct TCOCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tco",
    abstract: "Compares options by total cost of ownership and return on investment.",
    discussion: """
      A JSON file describes the options: devices, prices, hours, power, traffic, benefits. The report gives the cost \
      of each option by kind, its return on investment, payback time and net present value, and ranks the options by \
      performance per cost. docs/tco.md explains the keys and derives the formulas.

        edgepipe tco --example > costs.json
        edgepipe tco costs.json
        edgepipe tco costs.json --report jetson-orin-nano=out/report.json

      A run report supplies the power and the frame rate of an option; power that the run estimated stays marked as \
      an estimate.
      """)

  @Argument(help: "The cost file.", completion: .file(extensions: ["json"])) var file: String?

  @Option(
    name: .customLong("report"),
    help: ArgumentHelp("The run report of an option, instead of the one named in the file.", valueName: "name=file"))
  var reports: [ReportOf] = []

  @Flag(help: "Prints an example cost file.") var example = false

  @Flag(help: "Prints the comparison as JSON.") var json = false

  /// `NAME=FILE`.
  struct ReportOf: ExpressibleByArgument {
    let option: String
    let file: String

    init?(argument: String) {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
      option = String(parts[0])
      file = String(parts[1])
    }
  }

  func validate() throws {
    guard example != (file != nil) else {
      throw ValidationError("give a cost file, or print an example with --example")
    }
    guard !example || reports.isEmpty && !json else {
      throw ValidationError("--example cannot be combined with other options")
    }
    guard Set(reports.map(\.option)).count == reports.count else {
      throw ValidationError("--report names an option twice")
    }
  }

  func run() throws {
    guard let file else { return Terminal.out(String(CostFile.example.dropLast())) }
    let reports = Dictionary(self.reports.map { ($0.option, $0.file) }, uniquingKeysWith: { first, _ in first })
    let report = TCOReport(comparison: try CostFile.load(file, reports: reports).comparison)
    Terminal.out(json ? String(try report.value.json().dropLast()) : report.text)
  }
}
