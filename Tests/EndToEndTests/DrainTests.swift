import Foundation
import PipelineTestSupport
import Testing

/// What the service's unit calls behind a supervisor that has ended.
@Suite("The supervisor's program: drain")
struct DrainTests {
  private static let supervisor = Command.edgepipe.deletingLastPathComponent().appendingPathComponent("edgepiped").path

  /// A run with the files that a supervisor gives it.
  private func leftRun(_ space: Workspace) throws -> Command.Running {
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.synthetic", "config": { "fps": 20 } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "-" } }
      """)
    try FileManager.default.createDirectory(atPath: space.path("state/runs/door"), withIntermediateDirectories: true)
    let running = try Command.Running(
      ["run", file, "--quiet", "--control", "state/runs/door/control.sock", "--supervised", "state/runs/door/lock"],
      in: space.folder)
    // It listens before its first frame.
    #expect(running.read(lines: 1).isEmpty == false, "\(running.state)")
    return running
  }

  private func drain(_ space: Workspace, _ environment: [String: String] = [:]) throws -> CommandResult {
    try Command.shell(
      "\"$D\" drain --state state", in: space.folder, environment: environment.merging(["D": Self.supervisor]) { $1 })
  }

  @Test(
    "given a run without a supervisor, when the service was stopped or hung, then the run is drained before the end")
  func drained() throws {
    for result in ["success", "timeout"] {
      let space = try Workspace(), running = try leftRun(space)
      let drained = try drain(space, ["SERVICE_RESULT": result])
      #expect(drained.status == 0 && drained.errors == "", "\(drained.errors)")
      // A second one finds nothing, so the first one has waited for the run's end.
      #expect(try drain(space).status == 0)
      let ended = try running.finish()
      #expect(ended.status == 0, "\(ended.errors)")
    }
  }

  @Test("given a run without a supervisor, when the service failed and will be started again, then the run goes on")
  func left() throws {
    let space = try Workspace(), running = try leftRun(space)
    for result in ["exit-code", "signal", "core-dump", "watchdog", "oom-kill"] {
      #expect(try drain(space, ["SERVICE_RESULT": result]).status == 0)
    }
    #expect(running.read(lines: 20).isEmpty == false && running.process.isRunning, "\(running.state)")
    #expect(try drain(space).status == 0)
    #expect(try running.finish().status == 0)
  }

  @Test("given no state folder, or a supervisor that lives, when drained, then nothing is done, and the latter is said")
  func refused() throws {
    let space = try Workspace()
    #expect(try drain(space).status == 0)
    try FileManager.default.createDirectory(atPath: space.path("state"), withIntermediateDirectories: true)
    let result = try Command.shell(
      """
      /usr/bin/python3 -c 'import fcntl, os, subprocess
      lock = open("state/service.lock", "w")
      fcntl.lockf(lock, fcntl.LOCK_EX)
      exit(subprocess.call([os.environ["D"], "drain", "--state", "state"]))'
      """, in: space.folder, environment: ["D": Self.supervisor])
    #expect(
      result.status == 69 && result.errors.contains("service with this state folder already runs"), "\(result.errors)")
  }
}
