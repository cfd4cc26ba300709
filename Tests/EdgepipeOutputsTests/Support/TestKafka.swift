import Foundation
import PipelineTestSupport

/// A cluster of Kafka on this machine (`mock_kafka.py`), and kcat, which reads from it.
final class TestKafka {
  static let isAvailable =
    TestProgram.isInstalled("/usr/bin/kcat") && TestProgram.isInstalled("/usr/bin/python3")

  /// `host:port`, with a comma between two.
  let brokers: String
  private let program: TestProgram
  private var orders = 0

  init() throws {
    let script = TestData.packageRoot.appendingPathComponent("Tests/EdgepipeOutputsTests/Support/mock_kafka.py").path
    program = try TestProgram("/usr/bin/python3", [script])
    try program.wait { $0.contains("ready ") && $0.hasSuffix("\n") }
    brokers = program.printed.split(separator: "ready ").last.map { String($0.dropLast()) } ?? ""
  }

  private func order(_ line: String) throws {
    orders += 1
    try program.say(line)
    try program.wait { [orders] in $0.components(separatedBy: "done\n").count > orders }
  }

  func down() throws { try order("down") }
  func up() throws { try order("up") }
  func fail(_ code: Int32, _ count: Int) throws { try order("errors \(code) \(count)") }

  /// All records of a topic, each as `key|headers|value`.
  func records(_ topic: String) throws -> [String] {
    let kcat = try TestProgram(
      "/usr/bin/kcat", ["-C", "-b", brokers, "-t", topic, "-e", "-q", "-f", "%k|%h|%s\\n"])
    return try kcat.finish().split(separator: "\n").map(String.init)
  }
}
