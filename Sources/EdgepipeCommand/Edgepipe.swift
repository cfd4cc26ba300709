public import EdgepipeCore
import EdgepipePlugins
import Foundation
public import Pipeline

/// The command line, for a program with stages of its own:
///
/// ```swift
/// import EdgepipeCommand
/// import Pipeline
/// import Stages
///
/// var registry = StageRegistry.standard
/// registry.register(Anonymize.self)
/// Edgepipe.main(registry: registry)
/// ```
///
/// Every command then knows them: `stages` lists them, `validate` and `schema` check their options, and `run`, `profile`,
/// `tune` and `ab` run them.
public enum Edgepipe {
  public static let version = "0.1.0"

  /// The stage types that the command under way knows. The argument parser makes commands by itself, so that nothing can be
  /// handed to them.
  @TaskLocal static var registry = StageRegistry.standard

  /// Does what the process's arguments say, and ends it. Call it first, on the main thread.
  public static func main(registry: StageRegistry = .standard) -> Never {
    let arguments = Array(CommandLine.arguments.dropFirst())
    ArgumentSecrets.hide()
    exit(run(arguments, registry: registry).rawValue)
  }

  /// Does what the arguments say, prints what there is to say, and returns when that is done.
  ///
  /// The process is the command's: SIGINT, SIGTERM and SIGHUP end what it does, and memory comes from one heap. So call it
  /// from the main thread of a program that does nothing else meanwhile, one command at a time. Where the system has to
  /// end a command at once, such as at a second Ctrl-C, it ends the process. `ab` and `models compress` start the program
  /// again, with arguments of their own: it must hand its arguments to ``main(registry:)`` then.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name, such as `["run", "pipeline.json"]`.
  ///   - registry: the stage types that there are.
  /// - Returns: what the process should end with. Errors have been printed.
  public static func run(_ arguments: [String], registry: StageRegistry = .standard) -> ExitStatus {
    StandardDescriptors.fill()
    ProcessMemory.useOneHeap()
    Shutdown.blockSignals()
    return $registry.withValue(registry.withPlugins()) { Terminal.status(RootCommand.status(of: arguments)) }
  }
}
