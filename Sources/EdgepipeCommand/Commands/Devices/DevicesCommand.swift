import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation

/// `edgepipe devices`: what this machine is, and how its power is known.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "Shows this machine's processor, accelerators, engines and power sensors.",
    discussion: """
      Also reports the class of edge devices that the machine belongs to, and the model compression advised for it.

        edgepipe devices
        edgepipe devices calibrate readings.csv --output desk.json
      """,
    subcommands: [Show.self, Calibrate.self], defaultSubcommand: Show.self)

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show this machine.")

    @Option(
      name: .customLong("onnxruntime"),
      help: ArgumentHelp("The ONNX Runtime library (default: searched for).", valueName: "file"))
    var library: String?
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let report = DeviceReport(tree: SystemTree(), engines: [EngineEntry.onnxRuntime(library: library)])
      Terminal.out(json ? String(try report.value.json().dropLast()) : report.text)
    }
  }

  struct Calibrate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fit a power profile to a wattmeter's readings.",
      discussion: """
        The file has the columns busy_cores and watts. Note the wattmeter's mean over a minute with the machine idle, \
        then with 1, 2, ... busy cores, for example with 'stress-ng --cpu 2'.
        """)

    @Argument(help: "The readings (CSV).", completion: .file(extensions: ["csv"])) var readings: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Writes the profile to this file.", valueName: "file"))
    var output = "power-profile.json"
    @Option(help: "The profile's name in reports (default: the name of the readings file).") var name: String?

    func run() throws {
      try FileClaims.check([.reads(readings, as: "the readings"), .writes(output, as: "--output")])
      let text: String
      do throws(SystemTree.Failure) { text = try SystemTree.contents(readings) } catch {
        throw PipelineError("cannot read the readings '\(readings)': \(error)", code: .notFound)
      }
      let fit = try ProfileFit(ProfileFit.readings(csv: text, file: readings))
      let file = URL(fileURLWithPath: readings)
      let profile = fit.profile(
        name: name ?? file.deletingPathExtension().lastPathComponent, source: file.lastPathComponent)
      let json = profile.json
      try WholeFile.write(to: output) { try $0(json) }
      Terminal.out(
        "\(profile.name): \(profile.idleW) W idle + \(profile.wattsPerBusyCore) W per busy core, from "
          + "\(fit.readings) readings; residual \(profile.residualW ?? 0) W (root mean square)\n"
          + "written to \(output); use it with: edgepipe run PIPELINE --power-profile \(output)")
    }
  }
}

/// An inference engine and what it can run on; or why it cannot be used.
struct EngineEntry {
  let name: String
  var version: String?
  var path: String?
  var providers: [String] = []
  var problem: String?

  static func onnxRuntime(library: String?) -> EngineEntry {
    do {
      let engine = try ONNXRuntimeEngine(libraryPath: library)
      return EngineEntry(
        name: "onnxruntime", version: engine.version, path: engine.libraryPath,
        providers: try engine.executionProviders())
    } catch {
      return EngineEntry(name: "onnxruntime", problem: "\(error)")
    }
  }
}
