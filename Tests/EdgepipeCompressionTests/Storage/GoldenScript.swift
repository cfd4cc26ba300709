import Foundation
import PipelineTestSupport

/// A Python script beside the tests that reads lines and answers each with a line of JSON.
enum GoldenScript {
  static func run(_ name: String, lines: [String]) throws -> [Data] {
    guard let python = TestData.python else { return [] }
    let folder = try TestData.temporaryFolder("golden")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("lines")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    let script = TestData.packageRoot.appendingPathComponent("Tests/EdgepipeCompressionTests/Golden/\(name)")
    let result = try TestData.run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", #"exec "$0" "$1" < "$2""#, python.path, script.path, file.path])
    guard result.status == 0 else { throw CocoaError(.executableLoad) }
    return result.output.split(separator: UInt8(ascii: "\n")).map { Data($0) }
  }
}
