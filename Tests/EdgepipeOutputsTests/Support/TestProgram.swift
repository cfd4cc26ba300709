import Foundation
import PipelineTestSupport
import Synchronization

/// A program that runs beside a test, and what it has printed so far; killed with this object.
final class TestProgram: Sendable {
  struct Silent: Error { let program: String, printed: String }

  private struct State {
    var text = ""
    var hasEnded = false
  }

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let state = Mutex(State())
  private let name: String

  static func isInstalled(_ path: String) -> Bool { FileManager.default.isExecutableFile(atPath: path) }

  init(_ path: String, _ arguments: [String]) throws {
    name = path
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let handle = output.fileHandleForReading
    Thread.detachNewThread { [self] in
      while case let more = handle.readSome(), !more.isEmpty {
        state.withLock { $0.text += String(decoding: more, as: UTF8.self) }
      }
      state.withLock { $0.hasEnded = true }
    }
  }

  var identifier: pid_t { process.processIdentifier }
  var printed: String { state.withLock { $0.text } }

  func signal(_ number: Int32) { kill(identifier, number) }

  func say(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }

  /// Waits until what was printed satisfies `isEnough`.
  func wait(until isEnough: (String) -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: 60)
    while !isEnough(printed) {
      guard Date() < deadline, !state.withLock({ $0.hasEnded }) || isEnough(printed) else {
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
    while !state.withLock({ $0.hasEnded }) {
      guard Date() < deadline else { throw Silent(program: name, printed: printed) }
      usleep(5_000)
    }
    return printed
  }

  deinit { stop(SIGKILL) }
}
