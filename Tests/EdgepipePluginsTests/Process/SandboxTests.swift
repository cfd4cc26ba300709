import EdgepipePluginHost
import EdgepipePlugins
import Foundation
import Testing

/// What a hostile plugin finds when it tries.
@Suite struct SandboxTests {
  typealias Fixture = ProcessFixture

  /// What the fault of `Plugins/faulty.c` says: whether the system refused it, and what cannot be kept from it here.
  private static func isRefused(_ fault: String, path: String = "", _ launch: PluginLaunch = Fixture.launch()) throws
    -> (refused: Bool, gaps: [SandboxGap])
  {
    let said = Fixture.Said(), process = try Fixture.faulty(fault, path: path, launch, said: said)
    defer { process.close() }
    let answer = try process.process(Fixture.frame(0))
    let gaps = said.notices.flatMap { notice in if case .gaps(let gaps) = notice { gaps } else { [SandboxGap]() } }
    return (answer.events.first?.fields == #"{"refused":1}"#, gaps)
  }

  @Test(
    "given a plugin that reaches for other processes and the network, when it does, then the system refuses",
    arguments: ["fork", "exec", "socket", "unix-socket", "ptrace", "kill", "outlive"])
  func calls(_ fault: String) throws {
    let (refused, gaps) = try Self.isRefused(fault)
    #expect(refused || gaps.contains(.calls))
  }

  @Test("given a file of the user, when a plugin reads it, then only one that the pipeline has allowed is open to it")
  func reading() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-secret-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("secret").path
    try Data("secret".utf8).write(to: URL(fileURLWithPath: file))
    let (refused, gaps) = try Self.isRefused("read", path: file)
    #expect(refused || gaps.contains(.files))
    var launch = Fixture.launch()
    launch.policy.readable.append(folder.path)
    #expect(try !Self.isRefused("read", path: file, launch).refused)
    #expect(try Self.isRefused("write", path: file, launch).refused || gaps.contains(.files))
    launch.policy.writable.append(folder.path)
    #expect(try !Self.isRefused("write", path: folder.path + "/new", launch).refused)
  }

  @Test("given the user's passwords and memory, when a plugin reads them, then the system refuses")
  func system() throws {
    for path in ["/etc/passwd", "/proc/\(getppid())/environ", "/proc/self/mem", "/root/.bashrc", "/proc/1/cmdline"] {
      let (refused, gaps) = try Self.isRefused("read", path: path)
      #expect(refused || gaps.contains(.files), "\(path)")
    }
  }

  @Test("given a plugin that may use the network, when it makes a socket, then the system allows it")
  func network() throws {
    var launch = Fixture.launch()
    launch.policy.allowsNetwork = true
    #expect(try !Self.isRefused("socket", launch).refused)
    let (refused, gaps) = try Self.isRefused("unix-socket", launch)
    #expect(refused || gaps.contains(.calls))
  }
}
