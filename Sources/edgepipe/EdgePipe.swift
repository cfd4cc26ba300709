import ArgumentParser
import Foundation
import Pipeline

/// The root command.
@main
struct EdgePipe: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "edgepipe",
    abstract: "Video analytics for small machines: detection, faces and tracking on files and cameras.",
    discussion: """
      A pipeline is a JSON file of stages: a source, preprocessing, detectors, a tracker, sinks.

        edgepipe models pull yolov3-tiny centerface
        edgepipe run pipelines/smart-camera.json --source street.mp4
        edgepipe validate pipelines/smart-camera.json

      Exit status: 0 success, 1 some streams failed, 64 usage, 65 bad data, 66 missing input, 69 missing library or
      server, 70 a fault of ours, 74 failed write, 78 bad pipeline file or missing model.
      """,
    version: version,
    subcommands: [
      RunCommand.self, ReplayCommand.self, ControlCommand.self, ProfileCommand.self, BenchCommand.self, ABCommand.self,
      TuneCommand.self, ValidateCommand.self, SchemaCommand.self, StagesCommand.self, ModelsCommand.self,
      DevicesCommand.self, TCOCommand.self,
    ])

  /// Runs the command and turns every error into a message and its exit status.
  static func main() {
    ProcessMemory.useOneHeap()
    Shutdown.blockSignals()
    do {
      // What a command does with a signal it says itself; one that says nothing ends.
      try Shutdown.onSignal { signal in
        if Terminal.isInteractive { Terminal.endLiveLine() }
        _exit(128 + signal)
      }
      var command = try parseAsRoot()
      ArgumentSecrets.hide()
      try command.run()
    } catch {
      if let status = Terminal.describe(error) { Foundation.exit(status) }
      exit(withError: error)
    }
  }
}
