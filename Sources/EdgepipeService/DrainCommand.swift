import ArgumentParser
import EdgepipeCore
import Foundation
import Glibc
import Pipeline

extension ServiceCommand {
  /// What systemd calls when the service has ended: a supervisor that hung has left its runs behind.
  struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Drains the runs that a supervisor has left behind.",
      discussion: """
        For ExecStopPost= of systemd. Where SERVICE_RESULT says that the service has failed and will be started again, \
        the runs are left to the next supervisor.
        """)

    @Option(help: ArgumentHelp("The state folder of the service, as for 'serve'.", valueName: "folder"))
    var state: String?

    /// A run has so long until it is told by a signal, and again so long until it is killed.
    private static let patienceS = 15

    func run() throws {
      // A stop is a success, or a timeout where the supervisor hung.
      if let result = ProcessInfo.processInfo.environment["SERVICE_RESULT"], result != "success", result != "timeout" {
        return
      }
      let state = state ?? StateFolder.usual()
      guard case .folder = FilePlace(state) else { return }
      // A supervisor that lives would start them again.
      let lock = try RunLock(path: state + "/service.lock", what: "a service with this state folder")
      defer { withExtendedLifetime(lock) {} }
      let runs = RunFolder.all(in: state)
      let folders = try ((try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []).sorted()
        .map { try RunFolder(state: state, name: $0) }
      var left = folders.filter { RunLock.holder(of: $0.lock) != nil }
      for run in left {
        do throws(PipelineError) {
          _ = try ControlClient(path: run.socket, patienceMs: 2000).ask("drain")
        } catch { Service.note("\(run.path): \(error)") }
      }
      for signal in [SIGTERM, SIGKILL] {
        left = Self.stillThere(left)
        for run in left {
          // As late as can be: a number may belong to another process once its lock has gone.
          guard let holder = RunLock.holder(of: run.lock) else { continue }
          Service.note("\(run.path): process \(holder) does not drain; sending signal \(signal)")
          kill(holder, signal)
        }
      }
      left = Self.stillThere(left)
      if !left.isEmpty {
        throw PipelineError(
          "still running: \(left.map(\.path).joined(separator: ", "))", remedy: "end their processes",
          code: .unavailable)
      }
    }

    /// Those that have not ended in time.
    private static func stillThere(_ runs: [RunFolder]) -> [RunFolder] {
      var left = runs
      for _ in 0..<(patienceS * 10) {
        left = left.filter { RunLock.holder(of: $0.lock) != nil }
        if left.isEmpty { break }
        usleep(100_000)
      }
      return left
    }
  }
}
