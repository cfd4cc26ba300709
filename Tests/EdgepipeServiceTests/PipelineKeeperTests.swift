import EdgepipeCore
import Foundation
import Glibc
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeService

/// With scripts in the place of `edgepipe`: what runs do that never answer. EndToEndTests have real ones.
@Suite("The keeper of a pipeline", .timeLimit(.minutes(5)))
final class PipelineKeeperTests {
  private let state: String
  private let events = EventLog()
  private let folder: RunFolder

  init() throws {
    state = try TestData.temporaryFolder("keep").path
    folder = try RunFolder(state: state, name: "door")
  }

  deinit { try? FileManager.default.removeItem(atPath: state) }

  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// - Parameters:
  ///   - script: of the shell, as the program of runs; it notes each start.
  ///   - beginS, drainS: long where a test does not wait for them.
  private func keeper(_ script: String, beginS: Double = 600, drainS: Double = 600) throws -> PipelineKeeper {
    let program = state + "/program"
    try "#!/bin/sh\necho start >>'\(state)/starts'\n\(script)\n".write(
      toFile: program, atomically: true, encoding: .utf8)
    // SAFETY: the path is a terminated copy for the call.
    unsafe chmod(program, 0o700)
    var settings = PipelineKeeper.Settings(program: program)
    (settings.beginS, settings.drainS) = (beginS, drainS)
    return try PipelineKeeper(
      ServicePlan.Entry(name: "door", file: "door.json"), folder: folder, settings: settings, events: events,
      faults: FaultBook(events: events, logger: logger), logger: logger)
  }

  private var starts: Int {
    ((try? String(contentsOfFile: state + "/starts", encoding: .utf8)) ?? "").count(where: { $0 == "\n" })
  }

  private func wait(_ keeper: PipelineKeeper, until holds: (PipelineStatus) -> Bool) -> PipelineStatus {
    keeper.state.wait { holds($0.status) ? $0.status : nil }
  }

  private func end(_ keeper: PipelineKeeper) {
    keeper.end()
    keeper.join()
  }

  private func phases() -> [ReportValue] {
    events.entries(after: 0, limit: 100).entries.compactMap { $0.members["state"] }
  }

  @Test(
    "given a run that ends by itself, when that is seen, then what it said is kept, and it waits to be started again")
  func endsByItself() throws {
    try "of an earlier run\n".write(toFile: folder.log, atomically: true, encoding: .utf8)
    let keeper = try keeper("echo 'door.json:1:1: no' >&2; exit 78")
    #expect(keeper.status.phase == .stopped)
    keeper.start()
    let status = wait(keeper) { $0.phase == .waiting }
    #expect(status.lastEnd == "exit status 78: door.json:1:1: no" && status.process == nil)
    // The pause is a minute: its end is not waited for.
    end(keeper)
    #expect(keeper.status.phase == .stopped && starts == 1)
    #expect(phases() == ["starting", "waiting", "stopped"].map { .string($0) })
  }

  @Test("given a pause, when a restart is wished, then the run starts at once, and that counts")
  func restartInPause() throws {
    let keeper = try keeper("exit 78")
    keeper.start()
    _ = wait(keeper) { $0.phase == .waiting }
    keeper.restart()
    #expect(wait(keeper) { $0.phase == .waiting && $0.restarts == 1 }.lastEnd == "exit status 78")
    end(keeper)
    #expect(starts == 2)
  }

  @Test("given a program that is not there, when started, then the reason is known and it waits")
  func noProgram() throws {
    let keeper = try PipelineKeeper(
      ServicePlan.Entry(name: "door", file: "door.json"), folder: folder, settings: .init(program: "/no/edgepipe"),
      events: events, faults: FaultBook(events: events, logger: logger), logger: logger)
    keeper.start()
    let status = wait(keeper) { $0.phase == .waiting }
    #expect(status.lastEnd?.hasPrefix("cannot start '/no/edgepipe' with the log '\(folder.log)': ") == true)
    end(keeper)
  }

  @Test("given a run that never answers, when its time is over, then it is killed")
  func hangs() throws {
    let keeper = try keeper("exec sleep 1000", beginS: 0.2)
    keeper.start()
    #expect(wait(keeper) { $0.lastEnd != nil }.lastEnd == "signal 9")
    end(keeper)
  }

  @Test("given a run that takes no request and no SIGTERM, when stopped, then it is killed in the end")
  func ignoresDraining() throws {
    let keeper = try keeper("trap '' TERM; exec sleep 1000", drainS: 0.1)
    keeper.start()
    let process = wait(keeper) { $0.process != nil }.process
    keeper.stop()
    #expect(wait(keeper) { $0.phase == .stopped && $0.lastEnd != nil }.lastEnd?.hasPrefix("signal") == true)
    #expect(kill(try #require(process), 0) != 0)
    end(keeper)
    #expect(phases() == ["starting", "draining", "stopped"].map { .string($0) })
  }

  @Test("given nothing that runs, when a restart is wished, then one run starts and is not drained for it")
  func restartOfNothing() throws {
    // A run that is drained would be told by a signal long before it is given up.
    let keeper = try keeper("exec sleep 1000", beginS: 2, drainS: 0.05)
    keeper.restart()
    #expect(wait(keeper) { $0.lastEnd != nil }.lastEnd == "signal 9")
    end(keeper)
    #expect(!phases().contains(.string("draining")))
  }

  @Test("given a stop and a start while a run drains, when it has ended, then it starts again at once")
  func startWhileDraining() throws {
    let keeper = try keeper("exec sleep 1000", drainS: 0.5)
    keeper.start()
    let first = wait(keeper) { $0.process != nil }.process
    keeper.stop()
    _ = wait(keeper) { $0.phase == .draining }
    keeper.start()
    let second = wait(keeper) { $0.process != nil && $0.process != first }
    #expect(second.restarts == 1 && second.lastEnd?.hasPrefix("signal") == true)
    end(keeper)
    #expect(!phases().contains(.string("waiting")))
  }

  @Test("given the end of the service, when more is wished, then it does not count")
  func wishesAfterTheEnd() throws {
    let keeper = try keeper("exec sleep 1000", drainS: 0.1)
    keeper.start()
    _ = wait(keeper) { $0.process != nil }
    keeper.end()
    keeper.start()
    keeper.restart()
    keeper.join()
    #expect(keeper.status.phase == .stopped && keeper.status.process == nil)
  }

  private static let python = "/usr/bin/python3"

  /// A process with the run's lock.
  private func lockHolder() throws -> ChildProcess {
    let script = """
      import fcntl,sys,time; f=open(sys.argv[1],'a'); fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB); time.sleep(1000)
      """
    let child = try ChildProcess(Self.python, ["-c", script, folder.lock])
    let limit = ContinuousClock.now + .seconds(120)
    while RunLock.holder(of: folder.lock) == nil, ContinuousClock.now < limit { sched_yield() }
    return child
  }

  @Test(
    "given a run that goes on, when a keeper begins that nobody has told to start, then it takes it over, and drains it",
    .enabled(if: FileManager.default.isExecutableFile(atPath: python), "needs python3"))
  func takesOver() throws {
    let other = try lockHolder()
    let keeper = try keeper("exit 1", drainS: 0.1)
    #expect(wait(keeper) { $0.process != nil }.process == other.id)
    end(keeper)
    // On a busy machine it has not ended yet when the second signal comes.
    #expect([.signal(SIGTERM), .signal(SIGKILL)].contains(other.wait()))
    #expect(keeper.status.phase == .stopped && keeper.status.lastEnd == "unknown status" && starts == 0)
  }

  @Test(
    "given a run that goes on although it was stopped, when a keeper begins, then it drains and no other is started",
    .enabled(if: FileManager.default.isExecutableFile(atPath: python), "needs python3"))
  func takesOverStopped() throws {
    var changes = RunChanges()
    changes.isStopped = true
    try changes.write(to: folder.changes)
    let other = try lockHolder()
    let keeper = try keeper("exit 1", drainS: 0.1)
    #expect(wait(keeper) { $0.phase == .stopped && $0.lastEnd != nil }.lastEnd == "unknown status")
    #expect([.signal(SIGTERM), .signal(SIGKILL)].contains(other.wait()))
    end(keeper)
    #expect(starts == 0)
  }

  @Test(
    "given a run on its way, when a keeper is to start one, then it waits for that one and takes it over",
    .enabled(if: FileManager.default.isExecutableFile(atPath: python), "needs python3"))
  func startOnItsWay() throws {
    var start: StartLock? = try #require(try StartLock(path: folder.startLock))
    let keeper = try keeper("exit 1", drainS: 0.1)
    keeper.start()
    let other = try lockHolder()
    withExtendedLifetime(start) {}
    start = nil
    #expect(wait(keeper) { $0.process != nil }.process == other.id)
    keeper.leave()
    keeper.join()
    #expect(kill(other.id, SIGKILL) == 0, "who leaves lets it go on")
    #expect(other.wait() == .signal(SIGKILL))
    #expect(starts == 0)
  }
}
