import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

/// Another process with the record lock of a file, until it is let go.
private final class OtherRun {
  static let python = "/usr/bin/python3"
  static let isAvailable = FileManager.default.isExecutableFile(atPath: python)
  private let process = Process(), input = Pipe(), output = Pipe()
  var id: Int32 { process.processIdentifier }

  init(_ path: String) throws {
    process.executableURL = URL(fileURLWithPath: Self.python)
    let script = "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)"
    process.arguments = ["-c", "\(script); print('held',flush=True); sys.stdin.read()", path]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.readSome()
  }

  func end() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}

@Suite("The locks of runs")
struct RunLockTests {
  private let folder: URL
  private var path: String { folder.appendingPathComponent("lock").path }

  init() throws { folder = try TestData.temporaryFolder("run-lock") }

  @Test(
    "given a lock of another process, when asked and wanted, then its holder is known and refuses, until it has gone",
    .enabled(if: OtherRun.isAvailable, "needs python3"))
  func others() throws {
    let other = try OtherRun(path)
    #expect(RunLock.holder(of: path) == other.id)
    let error = #expect(throws: PipelineError.self) { try RunLock(path: path, what: "this pipeline") }
    #expect(
      error?.description
        == "this pipeline already runs (process \(other.id)): '\(path)' is locked; end that process first")
    #expect(error?.exit == .unavailable)
    other.end()
    #expect(RunLock.holder(of: path) == nil)
    _ = try RunLock(path: path, what: "this pipeline")
  }

  @Test(
    "given a lock of this process, when another one wants it, then it is refused, and the lock ends with its value",
    .enabled(if: OtherRun.isAvailable, "needs python3"))
  func own() throws {
    let script = "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.lockf(f,fcntl.LOCK_EX|fcntl.LOCK_NB)"
    func tryElsewhere() throws -> ChildProcess.End {
      try ChildProcess(OtherRun.python, ["-c", script, path]).wait()
    }
    var lock: RunLock? = try RunLock(path: path, what: "this pipeline")
    #expect(try tryElsewhere() == .status(1))
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(try tryElsewhere() == .status(0))
  }

  @Test("given no file, no folder or nobody, when the holder is asked, then there is none; a lock needs its folder")
  func nobody() throws {
    #expect(RunLock.holder(of: path) == nil)
    #expect(RunLock.holder(of: folder.path + "/no/lock") == nil)
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(RunLock.holder(of: path) == nil)
    let error = #expect(throws: PipelineError.self) { try RunLock(path: folder.path + "/no/lock", what: "it") }
    #expect(error?.exit == .ioError && error?.message.contains("cannot open '\(folder.path)/no/lock'") == true)
  }

  @Test(
    "given a start that a child carries on, when its starter lets go, then nobody else starts until the child has gone")
  func inherited() throws {
    var own: StartLock? = try #require(try StartLock(path: path))
    #expect(try StartLock(path: path) == nil)
    let child = try ChildProcess(
      "/bin/sh", ["-c", "kill -STOP $$"], input: .shared(try #require(own).descriptor))
    own = nil
    #expect(try StartLock(path: path) == nil)
    kill(child.id, SIGKILL)
    #expect(child.wait() == .signal(SIGKILL))
    #expect(try StartLock(path: path) != nil)
  }
}
