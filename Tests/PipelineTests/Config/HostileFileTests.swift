import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// Files that are meant to crash, hang or mislead whoever reads them.
@Suite struct HostileFileTests {
  private func withFile(_ bytes: some Collection<UInt8>, _ body: (String) throws -> Void) throws {
    let folder = try TestData.temporaryFolder("hostile")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("p.json").path
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    try body(file)
  }

  private func makeFIFO(_ path: String) throws {
    // SAFETY: `path` is passed as a NUL-terminated copy for the time of the call.
    let status = unsafe mkfifo(path, 0o600)
    try #require(status == 0)
  }

  /// Loads a file, which must fail with that exit, and gives its errors.
  private func errors(_ file: String, exit: EdgepipeCore.ExitStatus = .config) -> ConfigErrors? {
    do throws(ConfigErrors) {
      _ = try PipelineConfig.load(file: file, registry: ConfigTestStages.registry, environment: [:])
      Issue.record("\(file) was taken")
      return nil
    } catch {
      #expect(error.exit == exit)
      return error
    }
  }

  private static let million = 1 << 20

  /// Each is as large as a file may be. What they cost is measured in Benchmarks/hostile-files.
  private static let hostile: [(name: String, text: String)] = {
    let stages = ConfigTestStages.good
    func fill(_ piece: String, _ head: String = "", _ tail: String = "") -> String {
      head + String(repeating: piece, count: (million - head.utf8.count - tail.utf8.count) / piece.utf8.count) + tail
    }
    return [
      ("depth of lists", fill("[")),
      ("depth of objects", fill("{\"a\":")),
      ("number out of range", stages.replacing("0.5 }", with: "1e999 }")),
      ("number of a million digits", fill("9", "{\"version\":", "}")),
      ("duplicate keys", fill("\"a\":1,", "{", "\"a\":1}")),
      ("duplicate ids", stages.replacing("\"tracks\",", with: "\"objects\",")),
      ("dots in an id", stages.replacing("\"events\"", with: "\"../events\"")),
      ("cycle", stages.replacing("[\"camera\"]", with: "[\"camera\", \"tracks\"]")),
      ("a million zeros", fill("0,", "{\"stages\":[", "0]}")),
      ("many objects", fill("{},", "{\"stages\":[", "{}]}")),
      ("many stages", fill("{\"id\":\"a\",\"type\":\"b\"},", "{\"version\":1,\"stages\":[", "{}]}")),
      ("many links", fill("\"abcdefgh\",", "{\"stages\":[{\"after\":[", "\"a\"]}]}")),
      ("escapes", fill("\\q", "{\"a\":\"", "\"}")),
      ("bad UTF-8 in words", fill("\\ud800", "{\"a\":\"", "\"}")),
      ("references", fill("${", "{\"name\":\"", "\"}")),
      ("one long string", fill("a", "{\"version\":\"", "\"}")),
      ("one long key", fill("a", "{\"", "\":1}")),
      ("white space", fill(" ")),
      ("line breaks", fill("\n", "", "x")),
      ("comments", fill("//\n")),
      ("quotes", fill("\"")),
      ("commas", fill(",", "[")),
      ("NULs", fill("\0")),
    ]
  }()

  @Test(arguments: hostile.indices)
  func `given a hostile file, when loaded, then the error names path, line and column`(index: Int) throws {
    let (name, text) = Self.hostile[index]
    try withFile(text.utf8) { file in
      let issues = try #require(errors(file)).issues
      #expect(issues.allSatisfy { $0.file == file && $0.line != nil && $0.column != nil }, "\(name)")
      #expect(issues.allSatisfy { $0.description.utf8.count < 1000 }, "\(name): messages stay short")
    }
  }

  @Test func `given a file of 100 MB, when loaded, then it is refused unread`() throws {
    try withFile([]) { file in
      let handle = try #require(FileHandle(forWritingAtPath: file))
      try handle.truncate(atOffset: 100 << 20)
      try handle.close()
      #expect(
        errors(file)?.description == "\(file):1:1: the file has 104857600 bytes; a pipeline file has at most 1048576")
    }
  }

  @Test func `given random bytes, when loaded, then an error and no crash follows`() throws {
    var random = SplitMix64(seed: 3)
    for _ in 0..<20 {
      let bytes = (0..<5000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      try withFile(bytes) { #expect(errors($0)?.issues.isEmpty == false) }
    }
  }

  @Test func `given no file, a directory, a FIFO without a writer or a device, when loaded, then the exit is 66`()
    throws
  {
    #expect(
      errors("/nonexistent/p.json", exit: .noInput)?.description
        == "/nonexistent/p.json: cannot read the pipeline file: No such file or directory")
    #expect(errors("", exit: .noInput) != nil)
    #expect(
      errors("/dev/zero", exit: .noInput)?.description
        == "/dev/zero: the pipeline file is neither a regular file nor a pipe")
    let folder = try TestData.temporaryFolder("hostile")
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(errors(folder.path, exit: .noInput)?.description == "\(folder.path): the pipeline file is a directory")
    let fifo = folder.appendingPathComponent("fifo").path
    try makeFIFO(fifo)
    #expect(throws: ConfigErrors.self) { try ConfigFile.read(fifo, waitMs: 0) }
  }

  /// What comes through a pipe comes once, and commands read it again.
  @Test func `given a FIFO with a writer, when read twice, then both times the same comes`() throws {
    let folder = try TestData.temporaryFolder("hostile")
    defer { try? FileManager.default.removeItem(at: folder) }
    let fifo = folder.appendingPathComponent("fifo").path
    try makeFIFO(fifo)
    let text = Array(ConfigTestStages.good.utf8)
    let writer = try WorkerThread(name: "writer") { [fifo] in
      try? Data(text).write(to: URL(fileURLWithPath: fifo))
    }
    #expect(try ConfigFile.read(fifo) == text)
    writer.join()
    #expect(try ConfigFile.read(fifo, waitMs: 0) == text)
    #expect(try PipelineConfig.load(file: fifo, registry: ConfigTestStages.registry).stages.isEmpty == false)
    #expect(PipelineConfig.isPiped(fifo) && PipelineConfig.isPiped("-") && !PipelineConfig.isPiped(folder.path))
  }

  @Test func `given a pipe that gives more than a file may have, when read, then it is refused before its end`() throws
  {
    let folder = try TestData.temporaryFolder("hostile")
    defer { try? FileManager.default.removeItem(at: folder) }
    let fifo = folder.appendingPathComponent("fifo").path
    try makeFIFO(fifo)
    let writer = try WorkerThread(name: "writer") { [fifo] in
      _ = signal(SIGPIPE) { _ in }
      try? Data(count: 8 << 20).write(to: URL(fileURLWithPath: fifo))
    }
    #expect(
      errors(fifo)?.description
        == "\(fifo):1:1: the file has more than 1048576 bytes; a pipeline file has at most 1048576")
    writer.join()
  }

  /// A FIFO without a writer blocks whoever opens it.
  @Test func `given a file that names a FIFO, when loaded, then nothing that it names is opened`() throws {
    let folder = try TestData.temporaryFolder("hostile")
    defer { try? FileManager.default.removeItem(at: folder) }
    let fifo = folder.appendingPathComponent("fifo").path
    try makeFIFO(fifo)
    let text = ConfigTestStages.good.replacing("a.mp4", with: fifo).replacing("out/events.jsonl", with: fifo)
    let file = folder.appendingPathComponent("p.json").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    let config = try PipelineConfig.load(file: file, registry: ConfigTestStages.registry)
    #expect(config[stage: "camera"]?.config["url"]?.string == fifo)
  }

  /// The largest file that is taken.
  @Test func `given a file of a megabyte with one long list, when loaded, then one issue says so`() throws {
    let classes = (0..<60_000).map { "\"class-\($0)\"" }.joined(separator: ",")
    let text = ConfigTestStages.good.replacing("0.5 }", with: "0.5, \"classes\": [\(classes)] }")
    let lines = ConfigTestStages.issues(text)
    #expect(lines.count == 1 && lines[0].contains("found 60000 entries"))
  }
}
