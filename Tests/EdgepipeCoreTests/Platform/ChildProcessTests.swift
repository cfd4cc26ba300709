import Foundation
import Testing

@testable import EdgepipeCore

@Suite("Child processes")
struct ChildProcessTests {
  private func shell(_ line: String, environment: [String: String] = [:]) throws -> (
    end: ChildProcess.End, said: String
  ) {
    let output = try MemoryFile(Data())
    let child = try ChildProcess(
      "/bin/sh", ["-c", line], environment: environment, input: .nothing, output: .file(output.url.path))
    return (child.wait(), output.text)
  }

  @Test("given a program that ends, when waited for, then its status and what it said on both streams are known")
  func ends() throws {
    let result = try shell("echo $WORD; echo wrong >&2; exit 3", environment: ["WORD": "right"])
    #expect(result.end == .status(3))
    #expect(result.said == "right\nwrong\n")
  }

  @Test("given a program that a signal ends, when waited for, then the signal is told")
  func killed() throws { #expect(try shell("kill -KILL $$").end == .signal(SIGKILL)) }

  @Test("given input in memory, when a program reads it, then it gets all of it and its errors go elsewhere")
  func input() throws {
    let text = String(repeating: "0123456789", count: 50_000)
    let input = try MemoryFile(Data(text.utf8)), output = try MemoryFile(Data()), errors = try MemoryFile(Data())
    let child = try ChildProcess(
      "/bin/sh", ["-c", "cat; echo done >&2"], input: .file(input.url.path), output: .file(output.url.path),
      errors: .file(errors.url.path))
    #expect(child.wait() == .status(0))
    #expect(output.text == text)
    #expect(errors.text == "done\n")
  }

  @Test("given descriptors of this process, when a program starts, then it has none of them")
  func descriptors() throws {
    let file = unsafe open("/dev/null", O_RDONLY)
    defer { close(file) }
    // The one that `ls` itself opens is the fourth.
    #expect(try shell("ls /proc/self/fd | wc -l").said == "4\n")
  }

  @Test("given a program that is not there, when started, then the error says so")
  func missing() {
    let error = #expect(throws: POSIXError.self) { try ChildProcess("/nowhere/program", []) }
    #expect(error?.code == .ENOENT)
  }

  @Test("given a program, when started, then it leads a process group of its own")
  func group() throws {
    let child = try ChildProcess("/bin/sh", ["-c", "kill -STOP $$"])
    #expect(getpgid(child.id) == child.id)
    kill(child.id, SIGKILL)
    #expect(child.wait() == .signal(SIGKILL))
  }

  @Test("given a file with something in it, when programs append to it, then what was there stays before what they say")
  func appends() throws {
    let output = try MemoryFile(Data("before\n".utf8))
    for word in ["one", "two"] {
      let child = try ChildProcess("/bin/sh", ["-c", "echo \(word)"], output: .append(output.url.path))
      #expect(child.wait() == .status(0))
    }
    #expect(output.text == "before\none\ntwo\n")
  }

  @Test("given a program at work, when asked whether it has ended, then it has not, and later how")
  func asked() throws {
    let child = try ChildProcess("/bin/sh", ["-c", "kill -STOP $$; exit 4"])
    #expect(child.ended() == nil)
    // Continued when it has stopped, which takes a moment, or before, which does nothing.
    let limit = ContinuousClock.now + .seconds(60)
    var end: ChildProcess.End?
    while end == nil, ContinuousClock.now < limit {
      kill(child.id, SIGCONT)
      end = child.ended()
    }
    #expect(end == .status(4))
  }
}
