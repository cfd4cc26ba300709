import ArgumentParser
import EdgepipeCore
import Foundation
import Glibc
import Logging
import Pipeline
import Synchronization

/// The supervisor's program: `edgepiped serve PATH`. `edgepipe serve` becomes it.
package enum Service {
  /// Does what the arguments say until a signal comes, and returns the exit status. Errors have been printed.
  package static func run(_ arguments: [String]) -> Int32 {
    StandardDescriptors.fill()
    ProcessMemory.useOneHeap()
    Shutdown.blockSignals()
    do {
      var command = try ServiceCommand.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch let error as PipelineError {
      note("error: \(error)")
      return error.exit.rawValue
    } catch let error as ConfigErrors {
      note(error.description)
      return error.exit.rawValue
    } catch {
      let status = ServiceCommand.exitCode(for: error), text = ServiceCommand.fullMessage(for: error)
      if !text.isEmpty { if status.isSuccess { output.write(text + "\n") } else { note(text) } }
      return output.failure?.exit.rawValue ?? status.rawValue
    }
  }

  static func note(_ text: String) { errors.write(text + "\n") }
  static let output = TextOutput(descriptor: STDOUT_FILENO)
  private static let errors = TextOutput(descriptor: STDERR_FILENO)
}

struct ServiceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edgepiped", abstract: "The supervisor of edgepipe: 'edgepipe serve' starts it.",
    subcommands: [Serve.self, Drain.self])

  struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Keeps pipelines running, each in a process of its own.")

    @OptionGroup var options: ServeOptions

    @Option(
      help: ArgumentHelp("The program that runs a pipeline (default: edgepipe beside this one).", valueName: "file"))
    var program: String?

    func run() throws {
      let logger = Logger(label: "edgepipe") { _ in ServiceLogHandler() }
      var plan = try ServicePlan(options.path)
      if let listen = options.listen { plan.interface.listen = listen }
      let state = options.state ?? plan.state ?? StateFolder.usual()
      if options.initializes { return try initialize(state) }
      let isStopped = Monitor(false)
      try Shutdown.onSignal { _ in isStopped.change { $0 = true } }
      let program = try program ?? Self.besideThis("edgepipe")
      let supervisor = try Supervisor(plan, program: program, state: state, logger: logger)
      let server: ServiceInterface
      do {
        server = try ServiceInterface(plan.interface, supervisor, program: program, logger: logger)
      } catch {
        // What goes on is the next supervisor's.
        supervisor.leave()
        throw error
      }
      supervisor.start()
      let count = plan.pipelines.count
      logger.notice("\(count) \(count == 1 ? "pipeline" : "pipelines"); state in '\(state)'")
      let systemd = SystemdNotice()
      systemd.ready("\(count) \(count == 1 ? "pipeline" : "pipelines")")
      while isStopped.wait(until: Self.next(systemd.watchdogMs), for: { $0 ? true : nil }) == nil {
        // Asks every keeper: one that hangs with its lock held stops the signs of life, and systemd restarts the service.
        _ = supervisor.pipelines
        systemd.alive()
      }
      systemd.stopping()
      logger.notice("draining all pipelines")
      supervisor.end()
      server.stop()
    }

    private func initialize(_ state: String) throws {
      let first = try FirstStart(state: state)
      Service.output.write(
        "certificate  \(FirstStart.certificate(state))\nfingerprint  SHA-256 \(first.fingerprint)\n"
          + (first.token.map { "token        \($0)   (role admin; it is not shown again)\n" } ?? ""))
      if Service.output.failure != nil {
        throw PipelineError(
          "the certificate and the token are made, but could not be shown",
          remedy: "edgepipe token remove admin, then edgepipe token add admin --role admin", code: .writeFailed)
      }
    }

    private static func next(_ milliseconds: Double?) -> MonotonicTime {
      SystemClock().now().advanced(byMilliseconds: milliseconds ?? 3_600_000)
    }

    private static func besideThis(_ name: String) throws -> String {
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return (program as NSString).deletingLastPathComponent + "/" + name
    }
  }
}

/// Lines on standard error as other programs of edgepipe write them; systemd adds the time.
struct ServiceLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.notice

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { Service.note("\(event.level.rawValue): \(event.message)") }
}
