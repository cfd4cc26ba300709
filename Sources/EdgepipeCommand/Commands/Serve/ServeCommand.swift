import ArgumentParser
import EdgepipeCore
import EdgepipeService
import Foundation

/// `edgepipe serve`: becomes the supervisor, a small program that holds no models and no pictures.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Keeps pipelines running as a service, each in a process of its own.",
    discussion: """
      A pipeline that ends by itself is started again, after 1 s at first and after 60 s at most. SIGTERM drains all \
      pipelines. If the supervisor is killed, its pipelines continue, and the next supervisor takes them over; without \
      one they drain after 60 s. Logs and reports are in the state folder.

        edgepipe serve pipelines/smart-camera.json
        edgepipe serve /etc/edgepipe/pipelines --state /var/lib/edgepipe
        edgepipe serve service.json
      """)

  @OptionGroup var options: ServeOptions

  func run() throws {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let supervisor = (program as NSString).deletingLastPathComponent + "/edgepiped"
    let arguments = [supervisor, "serve"] + options.arguments + ["--program", program]
    // SAFETY: `strdup` copies each string, and the list ends in nil; where the call returns the process goes on with
    // them until it ends.
    let argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    unsafe execv(supervisor, argv)
    let reason = unsafe String(cString: strerror(errno))
    throw PipelineError(
      "cannot start the supervisor '\(supervisor)': \(reason)",
      remedy: "build or install edgepiped beside this program", code: .unavailable)
  }
}
