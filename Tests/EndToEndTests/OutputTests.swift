import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: files that are read and written", .enabled(if: Has.ffmpeg, "needs ffmpeg"))
struct OutputTests {
  private let space: Workspace
  private let film: String
  private let bytes: Data

  init() throws {
    space = try Workspace()
    film = space.path("film.mp4")
    try FFmpeg.make(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1", "-pix_fmt", "yuv420p", film])
    bytes = try Data(contentsOf: URL(fileURLWithPath: film))
  }

  private func pipeline(_ sinks: String, input: String? = nil) throws -> String {
    try space.pipeline(
      #"{ "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(input ?? film)" } }, \#(sinks)"#)
  }

  private func sink(_ id: String, _ type: String, _ key: String, _ path: String) -> String {
    #"{ "id": "\#(id)", "type": "sink.\#(type)", "after": ["camera"], "config": { "\#(key)": "\#(path)" } }"#
  }

  private var results: String { sink("events", "jsonl", "path", space.path("e.jsonl")) }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: space.folder.path).sorted()
  }
  private func expectWhole(at location: SourceLocation = #_sourceLocation) throws {
    #expect(try Data(contentsOf: URL(fileURLWithPath: film)) == bytes, sourceLocation: location)
  }

  @Test(
    "given an output that is the input, when validated and run, then both refuse at the same place and nothing is touched",
    arguments: [("jsonl", "path"), ("video", "path")])
  func inputIsOutput(type: String, key: String) throws {
    try FileManager.default.createSymbolicLink(atPath: space.path("link"), withDestinationPath: "film.mp4")
    try FileManager.default.linkItem(atPath: film, toPath: space.path("hard"))
    for path in [film, "film.mp4", "./film.mp4", "link", "hard"] {
      let file = try pipeline(sink("out", type, key, "x"))
      let set = ["--set", "out.\(key)=\(path)"]
      let before = try names()
      let validated = try Command.run(["validate", file] + set, in: space.folder)
      let run = try Command.run(["run", file] + set, in: space.folder)
      #expect(validated.status == 78 && run.status == 78, "\(path): \(validated.errors) \(run.errors)")
      #expect(validated.errors == run.errors && run.errors.contains("the input of stream 'camera'"), "\(run.errors)")
      #expect(try names() == before)
      try expectWhole()
    }
  }

  @Test(
    "given options of the command that are somebody's file, when run, then they are refused before anything is opened")
  func options() throws {
    let file = try pipeline(results)
    for options in [
      ["--report", film], ["--record", film], ["--control", film], ["--report", file],
      ["--record", space.path("e.jsonl")],
      ["--report", "same", "--record", "./same"], ["--control", "same", "--report", "same"],
    ] {
      let before = try names()
      let result = try Command.run(["run", file, "--quiet"] + options, in: space.folder)
      #expect([69, 74, 78].contains(result.status), "\(options): \(result.status) \(result.errors)")
      #expect(result.errors.contains(options[1]) || result.errors.contains("--"), "\(options): \(result.errors)")
      #expect(try names() == before, "\(options)")
      try expectWhole()
    }
    let profile = try Command.run(["profile", file, "--html", film, "--quiet"], in: space.folder)
    #expect(profile.status == 74 && profile.errors.contains("--html"), "\(profile.errors)")
    try expectWhole()
  }

  @Test("given a trace, when it is replayed onto itself, then it is refused and stays")
  func replayOntoItself() throws {
    let trace = space.path("run.trace")
    try #require(
      try Command.run(["run", pipeline(results), "--quiet", "--record", trace], in: space.folder).status == 0)
    let recorded = try Data(contentsOf: URL(fileURLWithPath: trace))
    for options in [["--set", "events.path=./run.trace"], ["--report", trace]] {
      let result = try Command.run(["replay", trace] + options, in: space.folder)
      #expect([74, 78].contains(result.status) && result.errors.contains("the trace"), "\(result.errors)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: trace)) == recorded)
    }
  }

  @Test("given an input that is not there, when run with every output, then no new file is left and old ones stay")
  func missingInput() throws {
    try Data("old\n".utf8).write(to: space.folder.appendingPathComponent("old.jsonl"))
    let file = try pipeline(
      [
        sink("events", "jsonl", "path", space.path("new/e.jsonl")),
        sink("old", "jsonl", "path", space.path("old.jsonl")),
        sink("video", "video", "path", space.path("v.mp4")), sink("pictures", "snapshot", "folder", space.path("p")),
      ].joined(separator: ", "), input: "nowhere.mp4")
    let before = try names()
    let result = try Command.run(["run", file, "--quiet", "--record", space.path("run.trace")], in: space.folder)
    #expect(result.status == 66, "\(result.errors)")
    #expect(try names() == before)
    #expect(try String(contentsOfFile: space.path("old.jsonl"), encoding: .utf8) == "old\n")
  }

  @Test(
    "given a run that writes, when a second one with the same outputs begins, then that one is refused by name",
    arguments: [("jsonl", "path", "e"), ("video", "path", "v.mp4"), ("snapshot", "folder", "pictures")])
  func twoRuns(type: String, key: String, name: String) throws {
    let long = space.path("long.mp4")
    try FFmpeg.make(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=60", "-pix_fmt", "yuv420p", long])
    let file = try space.pipeline(
      #"{ "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(long)", "realtime": true } }, "#
        + sink("out", type, key, space.path(name)) + ", " + sink("lines", "jsonl", "path", "/dev/stdout"))
    let first = try Command.Running(["run", file, "--quiet"], in: space.folder)
    // Not so many frames fit into the queues: some of them are written by then.
    let seen = first.read(lines: 40)
    #expect(!seen.isEmpty)
    let validated = try Command.run(["validate", file], in: space.folder)
    let second = try Command.run(["run", file, "--quiet"], in: space.folder)
    first.signal(SIGTERM)
    let result = try first.finish(alreadyRead: seen)
    #expect(result.status == 0, "\(result.errors)")
    for refused in [validated, second] {
      #expect(
        refused.status == 74 && refused.errors.contains("another sink or program is writing it"), "\(refused.errors)")
      #expect(refused.errors.contains("edgepipe"), "\(refused.errors)")
    }
  }

  @Test("given a limit on file sizes, when results reach it, then 74, whole lines, and the limit is named")
  func fileSizeLimit() throws {
    let long = space.path("long.mp4")
    try FFmpeg.make(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=4", "-pix_fmt", "yuv420p", long])
    let file = try pipeline(results, input: long)
    let result = try TestData.run(
      URL(fileURLWithPath: "/bin/bash"),
      ["-c", #"ulimit -f 8; exec "$0" run "$1" --quiet 2>"$2""#, Command.edgepipe.path, file, space.path("errors")])
    let errors = try String(contentsOfFile: space.path("errors"), encoding: .utf8)
    #expect(result.status == 74 && errors.contains("File too large") && errors.contains("ulimit -f"), "\(errors)")
    let lines = try space.lines("e.jsonl")
    #expect(lines.count > 20 && lines.count < 100)
  }
}
