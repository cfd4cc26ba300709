import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: secrets in addresses")
struct SecretsTests {
  /// Nobody listens there.
  private static let place = "127.0.0.1:9"

  private static let secret = "Zq\(UInt32.random(in: 1_000_000..<9_000_000))x"
  private static let urls = SecretURLs.all(secret: secret, place: place)
  /// So many streams are one run.
  private static let runLength = 14

  @Test(
    "given addresses with secrets in every known place, when run, then the secret is in no output",
    arguments: Array(stride(from: 0, to: urls.count, by: runLength)))
  func nowhere(first: Int) throws {
    let urls = Self.urls[first..<min(first + Self.runLength, Self.urls.count)], secret = Self.secret
    let space = try Workspace()
    _ = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "none", "reconnect": { "minS": 0.1, "maxS": 0.2 } } },
      { "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "events.jsonl" } }
      """)
    let running = try Command.Running(
      [
        "run", "pipeline.json", "--verbose", "--report", "r.json", "--record", "t.trace", "--control", "c.sock",
        "--metrics", "0",
      ] + urls.enumerated().flatMap { ["--source", "cam\($0)=\($1)"] }, in: space.folder)
    // Each address has been tried once when its stream can say what went wrong, or has ended.
    var listed = CommandResult(status: -1, output: "", errors: "")
    let deadline = Date(timeIntervalSinceNow: 60)
    while !wereTried(listed.output, count: urls.count), running.process.isRunning, Date() < deadline {
      listed = try Command.run(["ctl", "list", "--json", "--control", "c.sock"], in: space.folder)
    }
    #expect(wereTried(listed.output, count: urls.count), "\(listed.output) \(running.errorsSoFar)")
    let table = try Command.run(["ctl", "list", "--control", "c.sock"], in: space.folder)
    let refused = try Command.run(
      ["ctl", "add-stream", "cam0", try #require(urls.first), "--control", "c.sock"], in: space.folder)
    let page = try metrics(said: running.errorsSoFar)
    let processes = commandLines(of: running.process.processIdentifier)
    running.signal(SIGTERM)
    let result = try running.finish()
    #expect(result.status != 70, "\(result.errors)")
    #expect(processes.contains("pipeline.json"), "the process was found")

    let texts = [
      "standard output": result.output, "standard error": result.errors, "list": listed.output + listed.errors,
      "table": table.output, "answer": refused.output + refused.errors, "metrics": page, "process list": processes,
      "results": try String(contentsOfFile: space.path("events.jsonl"), encoding: .utf8),
      "report": try String(contentsOfFile: space.path("r.json"), encoding: .utf8),
      "trace": String(decoding: try Data(contentsOf: URL(fileURLWithPath: space.path("t.trace"))), as: UTF8.self),
    ]
    for (name, text) in texts {
      // The table is left out where nothing ever ran.
      #expect(!text.isEmpty || name == "standard output", "\(name)")
      #expect(!text.contains(secret), "\(name): \(text.split(separator: "\n").first { $0.contains(secret) } ?? "")")
    }
  }

  @Test(
    "given an address that cannot be read, when validated, run or mistyped, then the error is at once and hides the secret",
    arguments: [
      ["validate", "pipeline.json", "--source", "rtsp://admin:hunter#2@127.0.0.1/"],
      ["run", "pipeline.json", "--source", "rtsp://admin:hunter/2@127.0.0.1/"],
      ["run", "pipeline.json", "--set", "camera.url=rtsp://admin:hunter?2@127.0.0.1/"],
    ])
  func unreadable(arguments: [String]) throws {
    let space = try Workspace()
    _ = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "none" } },
      { "id": "out", "type": "sink.null", "after": ["camera"] }
      """)
    let result = try Command.run(arguments, in: space.folder)
    #expect(result.status == 78)
    #expect(result.errors.contains("%23") && !result.errors.contains("hunter"), "\(result.errors)")
  }

  @Test("given arguments that are not understood, when they hold a secret, then the complaint hides it")
  func usage() throws {
    for url in SecretURLs.all(secret: "hunter2", place: Self.place) {
      let result = try Command.run(["run", "pipeline.json", url])
      #expect(result.status == 64 && !result.errors.contains("hunter2"), "\(result.errors)")
    }
  }

  private func wereTried(_ list: String, count: Int) -> Bool {
    let streams = (try? JSONSerialization.jsonObject(with: Data(list.utf8))) as? [[String: Any]] ?? []
    return streams.count == count
      && streams.allSatisfy { $0["lastError"] as? String != nil || $0["state"] as? String == "ended" }
  }

  /// The page of the run whose log said where it is.
  private func metrics(said: String) throws -> String {
    let start = try #require(said.range(of: "http://"), "\(said)")
    let address = said[start.lowerBound...].prefix { !$0.isWhitespace && $0 != "'" && $0 != "," }
    let url = try #require(URL(string: String(address)))
    return String(
      decoding: try TestData.run(URL(fileURLWithPath: "/usr/bin/curl"), ["-s", url.absoluteString]).output,
      as: UTF8.self)
  }

  /// Of the command, whose parent is `timeout`, which keeps its arguments as they are.
  private func commandLines(of timeout: Int32) -> String {
    let children = (try? String(contentsOfFile: "/proc/\(timeout)/task/\(timeout)/children", encoding: .utf8)) ?? ""
    return children.split(separator: " ").compactMap { id in
      FileManager.default.contents(atPath: "/proc/\(id)/cmdline").map { String(decoding: $0, as: UTF8.self) }
    }.joined(separator: "\n")
  }
}
