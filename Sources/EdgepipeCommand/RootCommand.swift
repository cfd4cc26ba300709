import ArgumentParser
import EdgepipeCore

/// The root command.
struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edgepipe",
    abstract: "Video analytics for small machines: detects and tracks objects and faces in files and camera streams.",
    discussion: """
      A pipeline is a JSON file of stages: a source, preprocessing, detectors, a tracker and sinks.

        edgepipe detect street.mp4 --save out
        edgepipe models pull yolov3-tiny centerface
        edgepipe run pipelines/smart-camera.json --source street.mp4
        edgepipe validate pipelines/smart-camera.json

      Exit status: 0 success, 1 some streams failed (doctor: something was found), 64 usage error, 65 invalid data, 66 missing input, 69 library or \
      server unavailable, 70 internal error, 74 write error, 78 invalid pipeline file or missing model, 141 standard \
      output closed by its reader.
      """,
    version: Edgepipe.version,
    subcommands: [
      DetectCommand.self, NewCommand.self, RunCommand.self, ReplayCommand.self, ControlCommand.self, DoctorCommand.self,
    ] + databaseCommands + [
      ServeCommand.self, TokenCommand.self,
      ProfileCommand.self, BenchCommand.self, ABCommand.self,
      TuneCommand.self, ValidateCommand.self, SchemaCommand.self, StagesCommand.self, PluginsCommand.self,
      ModelsCommand.self,
      DevicesCommand.self, TCOCommand.self,
    ])

  /// What a build without the trait `Senders` does without.
  private static var databaseCommands: [any ParsableCommand.Type] {
    #if Senders
      [QueryCommand.self]
    #else
      []
    #endif
  }

  /// Runs what the arguments say and turns every error into a message and its exit status.
  static func status(of arguments: [String]) -> ExitStatus {
    do {
      // What a command does with a signal it says itself; one that says nothing ends.
      try Interruption()
      var command = try parseAsRoot(arguments)
      try command.run()
      return .success
    } catch {
      return Terminal.describe(error) ?? answer(error, to: arguments)
    }
  }

  /// Prints what the argument parser has to say: help, the version, or what is wrong with the arguments.
  private static func answer(_ error: any Error, to arguments: [String]) -> ExitStatus {
    let status = exitCode(for: error), text = fullMessage(for: error)
    if !text.isEmpty {
      if status.isSuccess { Terminal.out(text) } else { Terminal.note(ArgumentSecrets.scrub(text, of: arguments)) }
    }
    return ExitStatus(rawValue: status.rawValue) ?? .software
  }
}
