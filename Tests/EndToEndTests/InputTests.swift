import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: inputs", .enabled(if: Has.ffmpeg, "needs ffmpeg"))
struct InputTests {
  /// A pipeline that writes lines, and a film of ten frames in each of two formats.
  private func prepare() throws -> (space: Workspace, pipeline: String) {
    let space = try Workspace()
    let pattern = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", "-pix_fmt", "yuv420p"]
    try FFmpeg.make(pattern + [space.path("film.ts")])
    try FFmpeg.make(["-i", space.path("film.ts"), "-c", "copy", space.path("My Film.mp4")])
    let pipeline = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "nothing" } },
      { "id": "events", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "events.jsonl" } }
      """)
    return (space, pipeline)
  }

  private func frames(_ space: Workspace) throws -> [String: Int] {
    let frames = try space.lines("events.jsonl").filter { $0["type"] as? String == "frame" }
    return Dictionary(frames.compactMap { $0["stream"] as? String }.map { ($0, 1) }, uniquingKeysWith: +)
  }

  @Test("given inputs with names, when run, then streams of these names")
  func named() throws {
    let (space, pipeline) = try prepare()
    let result = try Command.run(
      ["run", pipeline, "--quiet", "--source", "door=My Film.mp4", "--source", "yard=film.ts"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try frames(space) == ["door": 10, "yard": 10])
  }

  @Test("given a list as a Windows editor saves it, when run, then its streams")
  func list() throws {
    let (space, pipeline) = try prepare()
    try Data("\u{FEFF}# cameras\r\ndoor \"My Film.mp4\"\r\n\r\nyard film.ts\r\n".utf8)
      .write(to: space.folder.appendingPathComponent("list.txt"))
    let result = try Command.run(["run", pipeline, "--quiet", "--source-list", "list.txt"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try frames(space) == ["door": 10, "yard": 10])
  }

  @Test("given a film on standard input, when run and recorded, then all of it, and the replay says the same")
  func standardInput() throws {
    let (space, pipeline) = try prepare()
    let program = Command.edgepipe.path
    let script = "cd \"$0\" && cat film.ts | \"\(program)\" run \"\(pipeline)\" --quiet --source - --record run.trace"
    #expect(try TestData.run(URL(fileURLWithPath: "/bin/sh"), ["-c", script, space.folder.path]).status == 0)
    #expect(try frames(space) == ["camera": 10])
    #expect(try space.lines("events.jsonl").allSatisfy { $0["source"] as? String == "-" })
    let lines = try Data(contentsOf: URL(fileURLWithPath: space.path("events.jsonl")))
    let replay = try Command.run(["replay", "run.trace", "--quiet"], in: space.folder)
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: space.path("events.jsonl"))) == lines)
  }

  @Test("given a pipe, when a command needs its frames several times, then it is refused at once")
  func severalTimes() throws {
    let (space, pipeline) = try prepare()
    let result = try Command.run(["tune", pipeline, "--deadline", "100", "--source", "-"], in: space.folder)
    #expect(result.status == 64 && result.errors.contains("only once"), "\(result.errors)")
  }

  @Test("given two that want standard input, when validated or run, then they are named and nothing is read")
  func standardInputTwice() throws {
    let (space, pipeline) = try prepare()
    for command in ["validate", "run"] {
      let both = try Command.run([command, pipeline, "--source", "a=-", "--source", "b=/dev/stdin"], in: space.folder)
      #expect(both.status == 64 && both.errors.contains("2 streams read from standard input"), "\(both.errors)")
      let shared = try Command.shell("cat '\(pipeline)' | $E \(command) - --source -", in: space.folder)
      #expect(
        shared.status == 64 && shared.errors.contains("standard input supplies the pipeline file"), "\(shared.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: space.path("events.jsonl")))
  }

  @Test("given a folder with a video in it, when run, then log and report say what was passed over")
  func passedOver() throws {
    let (space, pipeline) = try prepare()
    let films = space.folder.appendingPathComponent("films")
    try FileManager.default.createDirectory(at: films, withIntermediateDirectories: false)
    try FFmpeg.make(["-i", space.path("film.ts"), "-frames:v", "1", space.path("films/cover.jpg")])
    for name in ["film.ts", "My Film.mp4"] {
      try FileManager.default.moveItem(atPath: space.path(name), toPath: space.path("films/" + name))
    }
    let result = try Command.run(["run", pipeline, "--source", "films", "--report", "report.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("1 picture, 2 other files ignored"), "\(result.errors)")
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["camera"]?["facts"] as? [String: Any])
    #expect(facts["passed_over"] as? [String: Int] == [".mp4": 1, ".ts": 1])
  }
}
