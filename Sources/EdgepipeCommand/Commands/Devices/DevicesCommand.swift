import ArgumentParser
import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation

/// `edgepipe devices`: what this machine is, and how its power is known.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "What this machine is: processor, accelerators, engines, power sensors.",
    discussion: """
      Also says to which class of edge devices it belongs, and which compression of models that advises.

        edgepipe devices
        edgepipe devices calibrate readings.csv --output desk.json
      """,
    subcommands: [Show.self, Calibrate.self], defaultSubcommand: Show.self)

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show this machine.")

    @Option(
      name: .customLong("onnxruntime"),
      help: ArgumentHelp("The ONNX Runtime library; otherwise it is looked for.", valueName: "file"))
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
        The file has the columns busy_cores and watts. Note the wattmeter's mean over a minute while nothing runs, then \
        with 1, 2, ... busy cores, such as with 'stress-ng --cpu 2'.
        """)

    @Argument(help: "The readings (CSV).", completion: .file(extensions: ["csv"])) var readings: String
    @Option(name: .shortAndLong, help: ArgumentHelp("The profile's file.", valueName: "file"))
    var output = "power-profile.json"
    @Option(help: "The profile's name in reports; that of the readings' file when absent.") var name: String?

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
        "\(profile.name): \(profile.idleW) W idle + \(profile.wattsPerBusyCore) W a busy core, from \(fit.readings) readings; "
          + "they lie \(profile.residualW ?? 0) W beside the line (root mean square)\n"
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
