import Foundation
import PipelineTestSupport
import Testing

/// Plugins as their authors and users have them: the page that teaches, and the examples.
@Suite("The command: plugins")
struct PluginTests {
  private let space: Workspace

  init() throws {
    space = try Workspace()
    let bin = space.folder.appendingPathComponent("bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      at: bin.appendingPathComponent("edgepipe"), withDestinationURL: Command.edgepipe)
  }

  private static let hasCompiler = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")
  private static let python = TestData.packageRoot.appendingPathComponent(".deps/python/bin/python").path
  private static let cargo = [NSHomeDirectory() + "/.cargo/bin", "/usr/bin", "/usr/local/bin"].first {
    FileManager.default.isExecutableFile(atPath: $0 + "/cargo")
  }

  /// A script of bash in the test's folder, in which `edgepipe` is the built program.
  private func shell(_ script: String) throws -> CommandResult {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return try Command.shell(
      "set -euo pipefail\n" + script, in: space.folder,
      environment: [
        "PATH": [space.path("bin"), Self.cargo, path].compactMap { $0 }.joined(separator: ":"),
        "EDGEPIPE_PYTHON": Self.python,
      ])
  }

  /// The commands of a section of a page, as they stand there.
  private func commands(of page: String, section: String) throws -> String {
    let text = try String(contentsOf: TestData.packageRoot.appendingPathComponent(page), encoding: .utf8)
    let begin = try #require(text.range(of: "\n## \(section)\n"))
    let rest = text[begin.upperBound...]
    let body = rest.range(of: "\n## ").map { rest[..<$0.lowerBound] } ?? rest
    let blocks = body.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    try #require(!blocks.isEmpty)
    return blocks.joined()
  }

  @Test(
    "given the tutorial, when its commands are run one after the other, then a new stage tells that it became dark",
    .enabled(if: hasCompiler && Has.ffmpeg, "needs cc and ffmpeg"))
  func tutorial() throws {
    let commands = try commands(of: "docs/plugins.md", section: "From nothing to a running pipeline")
    let result = try shell(commands)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    #expect(result.output.contains("my-stage.dark"), "\(result.output)")
  }

  @Test(
    "given the examples in C and Python, when one pipeline has them all, then each does its part",
    .enabled(if: hasCompiler && FileManager.default.isExecutableFile(atPath: python), "needs cc and .deps/python"))
  func examples() throws {
    let root = TestData.packageRoot.path
    let result = try shell(
      """
      cp -r '\(root)/Examples/plugins' plugins
      for each in histogram pipe-sink; do make -s -C plugins/$each INCLUDE='\(root)/include'; done
      cat > pipeline.json <<'END'
      { "version": 1, "name": "examples",
        "plugins": ["plugins/pattern", "plugins/motion", "plugins/histogram", "plugins/pipe-sink"], "stages": [
        { "id": "pattern", "type": "pattern.square", "config": { "frames": 90 } },
        { "id": "motion", "type": "motion.mog2", "after": ["pattern"], "config": { "leastArea": 100 } },
        { "id": "light", "type": "example.histogram", "after": ["motion"], "config": { "threshold": 0.001 } },
        { "id": "lines", "type": "sink.jsonl", "after": ["light"], "config": { "path": "lines.jsonl" } },
        { "id": "pipe", "type": "example.pipe", "after": ["light"],
          "config": { "path": "\(space.path("pipe/found"))", "plugin": { "allow": {
            "read": ["\(space.path("pipe"))"], "write": ["\(space.path("pipe"))"] } } } } ] }
      END
      mkdir pipe && mkfifo pipe/found
      # Open both ways: a reader is there before the run, and what the pipe holds stays until it is read.
      exec 3<>pipe/found
      edgepipe run pipeline.json --report report.json
      dd if=/dev/fd/3 of=found.txt bs=1M count=1 iflag=nonblock status=none
      """)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let frames = try space.lines("lines.jsonl").filter { $0["type"] as? String == "frame" }
    #expect(frames.count == 90)
    // The square moves four pixels to the right each frame, and is found where it is.
    let last = try #require(frames.last?["detections"] as? [[String: Any]])
    #expect(last.contains { $0["label"] as? String == "motion" })
    let events = try space.lines("lines.jsonl").compactMap { $0["kind"] as? String ?? $0["event"] as? String }
    #expect(events.contains { $0.contains("histogram.change") }, "\(Set(events))")
    let found = try String(contentsOfFile: space.path("found.txt"), encoding: .utf8).split(separator: "\n")
    #expect(found.count > 40)
    #expect(found.allSatisfy { $0.hasPrefix("pattern ") && $0.contains(" motion ") })
    let ledger = try #require(try space.report()["ledger"] as? [String: Any])
    #expect(ledger["delivered"] as? Int == 90 && ledger["balanced"] as? Bool == true)
  }

  @Test(
    "given the example in Rust, when something crosses its line, then it tells that, and that the line is free again",
    .enabled(if: cargo != nil && FileManager.default.isExecutableFile(atPath: python), "needs cargo and .deps/python"))
  func rust() throws {
    let root = TestData.packageRoot.path
    let result = try shell(
      """
      cp -r '\(root)/Examples/plugins' plugins
      make -s -C plugins/sight
      cat > pipeline.json <<'END'
      { "version": 1, "name": "sight", "plugins": ["plugins/pattern", "plugins/motion", "plugins/sight"], "stages": [
        { "id": "pattern", "type": "pattern.square", "config": { "frames": 140 } },
        { "id": "motion", "type": "motion.mog2", "after": ["pattern"], "config": { "leastArea": 100, "history": 20 } },
        { "id": "line", "type": "sight.line", "after": ["motion"],
          "config": { "x1": 0.6, "y1": 0, "x2": 0.6, "y2": 1 } },
        { "id": "lines", "type": "sink.jsonl", "after": ["line"], "config": { "path": "lines.jsonl" } } ] }
      END
      edgepipe run pipeline.json
      """)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let text = try String(contentsOfFile: space.path("lines.jsonl"), encoding: .utf8)
    #expect(text.contains("sight.blocked") && text.contains("sight.free"))
  }

  @Test(
    "given a run with a plugin that loses frames to a full queue, when its trace is replayed, then all bytes are the same",
    .enabled(if: hasCompiler && Has.ffmpeg, "needs cc and ffmpeg"))
  func replay() throws {
    let root = TestData.packageRoot.path
    let result = try shell(
      """
      ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=3 -pix_fmt yuv420p -c:v libx264 film.mp4
      cp -r '\(root)/Examples/plugins/histogram' histogram
      make -s -C histogram INCLUDE='\(root)/include'
      cat > pipeline.json <<'END'
      { "version": 1, "name": "replay", "plugins": ["histogram"], "stages": [
        { "id": "film", "type": "source.ffmpeg", "config": { "url": "film.mp4" } },
        { "id": "busy", "type": "detect.null", "after": ["film"], "config": { "busyMs": 5 },
          "queue": { "capacity": 1, "overflow": "dropOldest" } },
        { "id": "light", "type": "example.histogram", "after": ["busy"], "config": { "threshold": 0.001 } },
        { "id": "lines", "type": "sink.jsonl", "after": ["light"], "config": { "path": "then.jsonl" } } ] }
      END
      edgepipe run pipeline.json --record run.trace
      rm film.mp4
      edgepipe replay run.trace --set lines.path=now.jsonl
      cmp then.jsonl now.jsonl
      """)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let text = try String(contentsOfFile: space.path("now.jsonl"), encoding: .utf8)
    #expect(text.contains("histogram.change"), "\(text.prefix(500))")
  }
}
