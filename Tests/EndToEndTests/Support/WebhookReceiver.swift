import Foundation
import PipelineTestSupport
import Testing

/// `webhook_receiver.py` at work: takes a webhook's requests and writes what it got to `received.jsonl`.
final class WebhookReceiver {
  static let isAvailable = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")
  static let script = TestData.packageRoot.appendingPathComponent(
    "Tests/PipelineTestSupport/webhook_receiver.py"
  ).path

  let port: Int
  private let process = Process()
  private let input = Pipe()

  /// - Parameter port: 0 for a free one; another to come back at the same place.
  init(_ space: Workspace, port: Int = 0, _ options: [String] = []) throws {
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [Self.script, space.path("received.jsonl"), "--port", "\(port)"] + options
    process.currentDirectoryURL = space.folder
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.readSome(), as: UTF8.self)
    self.port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the receiver said: \(line)")
  }

  deinit { stop() }

  /// Gone at once, as after a kill.
  func stop() {
    guard process.isRunning else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Takes connections and answers nothing, until ``thaw()``.
  func freeze() { kill(process.processIdentifier, SIGSTOP) }
  func thaw() { kill(process.processIdentifier, SIGCONT) }
}

/// What receivers got, and what a spool holds.
enum Results {
  static func received(_ space: Workspace) throws -> [[String: Any]] {
    let file = space.path("received.jsonl")
    return FileManager.default.fileExists(atPath: file) ? try space.lines("received.jsonl") : []
  }

  /// The ids of results in the order of their first arrival.
  static func firsts(_ results: [[String: Any]]) throws -> [String] {
    var seen: Set<String> = []
    return try results.map { try #require($0["id"] as? String) }.filter { seen.insert($0).inserted }
  }

  /// Of each run and stream, the numbers of its frames rise from one first arrival to the next.
  static func expectInOrder(_ ids: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    var last: [Substring: Int] = [:]
    for id in ids {
      let parts = id.split(separator: "/"), key = parts[0] + "/" + parts[1], frame = Int(parts[3]) ?? -1
      #expect(frame > last[key] ?? -1, "\(id) after \(last[key] ?? -1)", sourceLocation: sourceLocation)
      last[key] = frame
    }
  }

  /// What an independent reader finds in a spool: the ids that wait in it, in order, and SQLite's verdict on the file.
  static func waiting(_ database: String) throws -> (ids: [String], integrity: String) {
    let script = """
      import sqlite3, sys
      db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, timeout=60)
      print(db.execute("PRAGMA integrity_check").fetchone()[0])
      if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'item'").fetchone():
          for row in db.execute("SELECT id FROM item ORDER BY sequence"): print(row[0])
      """
    let result = try TestData.run(URL(fileURLWithPath: "/usr/bin/python3"), ["-c", script, database])
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
    try #require(result.status == 0 && !lines.isEmpty)
    return (Array(lines.dropFirst()), lines[0])
  }
}
