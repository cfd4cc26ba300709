import Foundation
import PipelineTestSupport
import Synchronization

/// A program that runs beside a test, and what it has printed so far; killed with this object.
final class TestProgram: Sendable {
  struct Silent: Error { let program: String, printed: String }

  /// Outlives the program's owner until the program has closed its output.
  private final class Output: Sendable {
    private let state = Mutex<(text: String, hasEnded: Bool)>(("", false))
    var text: String { state.withLock { $0.text } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func read(_ handle: FileHandle) {
      while case let more = handle.readSome(), !more.isEmpty {
        state.withLock { $0.text += String(decoding: more, as: UTF8.self) }
      }
      state.withLock { $0.hasEnded = true }
    }
  }

  private let process = Process()
  private let input = Pipe()
  private let output = Output()
  private let name: String

  static func isInstalled(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }

  init(_ path: String, _ arguments: [String]) throws {
    name = path
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = input
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try Self.withAllSignals { try process.run() }
    Thread.detachNewThread { [output] in output.read(pipe.fileHandleForReading) }
  }

  /// A test's thread keeps signals from itself, and a program that it starts would do so too: it could not be asked to end.
  private static func withAllSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t(), before = sigset_t()
    // SAFETY: both sets are there for the calls.
    unsafe _ = sigemptyset(&none)
    unsafe _ = pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  var identifier: pid_t { process.processIdentifier }
  var printed: String { output.text }

  func signal(_ number: Int32) { kill(identifier, number) }

  func say(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }

  /// Waits until what was printed satisfies `isEnough`.
  func wait(until isEnough: (String) -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    while !isEnough(printed) {
      guard Date() < deadline, !output.hasEnded || isEnough(printed) else {
        throw Silent(program: name, printed: printed)
      }
      usleep(5_000)
    }
  }

  /// Ends it, and waits for it.
  func stop(_ number: Int32 = SIGTERM) {
    guard process.isRunning else { return }
    signal(SIGCONT)
    signal(number)
    process.waitUntilExit()
  }

  /// Waits for its end and gives all that it printed.
  func finish() throws -> String {
    try? input.fileHandleForWriting.close()
    let deadline = Date(timeIntervalSinceNow: 60)
    while !output.hasEnded {
      guard Date() < deadline else { throw Silent(program: name, printed: printed) }
      usleep(5_000)
    }
    return printed
  }

  deinit { stop(SIGKILL) }
}
