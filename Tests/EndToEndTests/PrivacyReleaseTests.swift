import Foundation
import PipelineTestSupport
import Testing

/// `privacy.release` in real runs.
@Suite(
  "The command: run, releasing counts under differential privacy", .enabled(if: Has.ffmpeg, "needs ffmpeg"),
  .timeLimit(.minutes(10)))
struct PrivacyReleaseTests {
  private let space: Workspace

  /// A film with a picture every second, which goes through much faster than a camera's.
  init() throws {
    space = try Workspace()
    let film = space.path("film.mkv")
    try FFmpeg.make(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=1:duration=3000", "-c:v", "mpeg4", film])
  }

  /// Each frame is one period, as fast as they come.
  private func pipeline(_ release: String) throws -> String {
    try space.pipeline(
      #"""
      { "id": "cam", "type": "source.ffmpeg", "config": { "url": "film.mkv" } },
      { "id": "objects", "type": "detect.null", "after": ["cam"] },
      { "id": "tracks", "type": "track.sort", "after": ["objects"] },
      { "id": "zones", "type": "analytics.zones", "after": ["tracks"], "config": {
        "zones": [{ "name": "door", "points": [[0, 0], [100, 0], [100, 100]] }] } },
      { "id": "release", "type": "privacy.release", "after": ["zones"], "config": { "zones": ["door"], "periodS": 1\#(release) } },
      { "id": "lines", "type": "sink.jsonl", "after": ["release"], "config": { "path": "lines.jsonl", "append": true } }
      """#)
  }

  private func run(_ file: String) throws -> Command.Running {
    try Command.Running(
      ["run", file, "--quiet"], in: space.folder, environment: ["EDGEPIPE_STATE": space.path("state")])
  }

  /// Whole lines of a kind.
  private func count(_ kind: String) -> Int {
    let text = (try? String(contentsOfFile: space.path("lines.jsonl"), encoding: .utf8)) ?? ""
    return text.components(separatedBy: #""kind":"\#(kind)""#).count - 1
  }

  @Test(
    "given runs that are killed at random instants, when the budget is spent, then no more was released than it allows")
  func killed() throws {
    let file = try pipeline(#", "epsilon": 0.01, "budget": { "epsilon": 8 }"#)
    var random = SystemRandomNumberGenerator(), kills = 0
    while count("privacy.refused") == 0, kills < 200 {
      let running = try run(file)
      let before = count("privacy.release")
      // Some are killed before they release anything.
      let wanted = before + Int.random(in: 0..<60, using: &random)
      while running.process.isRunning, count("privacy.release") < wanted, count("privacy.refused") == 0 { usleep(5000) }
      while running.process.isRunning {
        running.signal(SIGKILL)
        usleep(1000)
      }
      _ = try running.finish()
      kills += 1
    }
    let released = count("privacy.release")
    #expect(count("privacy.refused") > 0, "\(released) released after \(kills) kills")
    #expect(kills >= 5 && released > 100 && released <= 800, "\(released)")
  }

  @Test("given a budget file that is a copy, when the pipeline runs, then it is refused with what to do")
  func copied() throws {
    let file = try pipeline(#", "epsilon": 1, "budget": { "epsilon": 2, "path": "a.budget" }"#)
    let first = try run(file)
    while first.process.isRunning, count("privacy.refused") == 0 { usleep(10_000) }
    first.signal(SIGTERM)
    #expect(try first.finish().status == 0)
    #expect(count("privacy.release") == 2)
    try FileManager.default.moveItem(atPath: space.path("a.budget"), toPath: space.path("b.budget"))
    try FileManager.default.copyItem(atPath: space.path("b.budget"), toPath: space.path("a.budget"))
    let second = try run(file).finish()
    #expect(second.status == 65 && second.errors.contains("a.budget' cannot be used: it is a copy"), "\(second.errors)")
  }
}
