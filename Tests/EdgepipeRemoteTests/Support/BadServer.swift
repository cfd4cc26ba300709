import Foundation
import PipelineTestSupport
import Testing

/// `bad_server.py` at work; ends with its standard input, and so with this object.
final class BadServer {
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

  let port: Int
  private let process = Process()
  private let input = Pipe()

  init() throws {
    let script = TestData.packageRoot.appendingPathComponent("Tests/EdgepipeRemoteTests/Support/bad_server.py").path
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.readSome(), as: UTF8.self)
    port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the server said: \(line)")
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }
}
