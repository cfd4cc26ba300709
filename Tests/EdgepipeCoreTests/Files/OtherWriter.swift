import Foundation
import PipelineTestSupport

/// Another program that holds the lock on a file until it is let go.
final class OtherWriter {
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")
  private let process = Process(), input = Pipe(), output = Pipe()
  var id: Int32 { process.processIdentifier }

  init(_ path: String) throws {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
    // The shell says that it has the lock, then waits for the end of its input.
    process.arguments = ["--no-fork", path, "sh", "-c", "echo held; exec cat"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = output.fileHandleForReading.availableData
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
