import EdgepipeCore
import Foundation
import Testing

/// Whole runs, by the program itself, with a plugin that does what it should not.
@Suite struct PluginRunTests {
  private struct Report: Decodable {
    struct Ledger: Decodable {
      struct Drop: Decodable {
        let stage: String
        let reason: String
        let count: Int
      }

      let admitted: Int
      let delivered: Int
      let failed: Int
      let inFlight: Int
      let balanced: Bool
      let droppedBy: [Drop]
    }

    struct Stage: Decodable {
      let `in`: Int
      let out: Int
    }

    let ledger: Ledger
    let stages: [String: Stage]
  }

  private struct Space: ~Copyable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-run-\(UUID())")

    init() throws {
      let plugin = folder.appendingPathComponent("faulty")
      try FileManager.default.createDirectory(at: plugin, withIntermediateDirectories: true)
      let library = plugin.appendingPathComponent("libfaulty.so")
      try FileManager.default.copyItem(atPath: ProcessFixture.faulty, toPath: library.path)
      let digest = try FileHash.sha256(of: library)
      try write(
        """
        { "manifest": 1, "name": "faulty", "version": "1.0.0", "abi": "1.0", "library": "libfaulty.so",
          "sha256": "\(digest)", "licence": "MIT",
          "types": [{ "type": "test.faulty", "role": "transform", "needsPicture": true,
            "schema": { "type": "object", "properties": {
              "fault": { "type": "string", "description": "What it does.", "default": "" },
              "path": { "type": "string", "description": "A file.", "default": "" },
              "from": { "type": "integer", "description": "The first frame.", "default": 0 } } } }] }
        """, "faulty/plugin.json")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    /// Runs to the end.
    func run(_ fault: String, from: Int, frames: Int = 40) throws -> (end: ChildProcess.End, report: Report?) {
      try write(
        """
        { "version": 1, "name": "faulty", "plugins": ["\(folder.path)/faulty"], "stages": [
          { "id": "in", "type": "source.synthetic", "config": { "live": false, "fps": 1000, "frames": \(frames) } },
          { "id": "bad", "type": "test.faulty", "after": ["in"],
            "config": { "fault": "\(fault)", "from": \(from), "plugin": { "timeoutMs": 300, "memoryMB": 128 } } },
          { "id": "out", "type": "sink.jsonl", "after": ["bad"], "config": { "path": "\(folder.path)/out.jsonl" } },
          { "id": "other", "type": "sink.jsonl", "after": ["in"], "config": { "path": "\(folder.path)/other.jsonl" } }
        ] }
        """, "pipeline.json")
      let program = (ProcessFixture.program as NSString).deletingLastPathComponent + "/edgepipe"
      let child = try ChildProcess(
        program, ["run", folder.path + "/pipeline.json", "--report", folder.path + "/report.json"],
        output: .file(folder.path + "/log"))
      let end = child.wait()
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let data = FileManager.default.contents(atPath: folder.path + "/report.json")
      return (end, data.flatMap { try? decoder.decode(Report.self, from: $0) })
    }

    var log: String { (try? String(contentsOfFile: folder.path + "/log", encoding: .utf8)) ?? "" }
  }

  @Test(
    "given a plugin that fails in a run, when it does, then the run goes on and every lost frame is in the ledger",
    arguments: [
      "trap", "null", "abort", "exit", "hang", "spin", "flood", "leak", "closed-pipe", "exit-in-create",
      "crash-in-create", "nonsense-socket", "restart",
    ])
  func contained(_ fault: String) throws {
    let space = try Space()
    // The plugin's process is made again after each loss and counts its frames anew: 8 go well before each.
    let (end, report) = try space.run(fault, from: 8)
    #expect(end == .status(0), "\(space.log)")
    let ledger = try #require(report?.ledger, "\(space.log)")
    #expect(ledger.balanced && ledger.inFlight == 0)
    #expect(ledger.admitted == 40)
    let lost = ledger.droppedBy.filter { $0.stage == "bad" && $0.reason == "plugin" }.reduce(0) { $0 + $1.count }
    #expect(lost > 0)
    #expect(ledger.delivered + lost == 40)
    #expect(report?.stages["other"]?.in == 40)
  }

  @Test("given a plugin that does nothing wrong, when it is run, then every frame is delivered")
  func harmless() throws {
    let space = try Space()
    let (end, report) = try space.run("", from: 0)
    #expect(end == .status(0), "\(space.log)")
    #expect(report?.ledger.delivered == 40)
  }
}
