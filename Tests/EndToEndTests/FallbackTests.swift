import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

/// Models that do not answer, and model files that are damaged while they run.
@Suite("The command: run, when a model is not well", .timeLimit(.minutes(10)))
struct FallbackTests {
  private static let isReady = TestData.python != nil && TestData.onnxRuntimeLibrary != nil && Has.ffmpeg

  private let space: Workspace

  /// A model store of the test's own, with a model that hangs in the dark.
  init() throws {
    space = try Workspace()
    guard let python = TestData.python else { return }
    let script = TestData.packageRoot.appendingPathComponent("Tests/EndToEndTests/Support/dark_models.py").path
    let made = try TestData.run(python, [script, space.path("models")])
    #expect(made.status == 0)
  }

  /// So many seconds of grey, black and grey again, ten frames each.
  private func makeClip(_ seconds: [(colour: String, seconds: Int)]) throws {
    var arguments = ["-v", "error", "-y"]
    for part in seconds {
      arguments += ["-f", "lavfi", "-i", "color=\(part.colour):size=320x240:rate=10:duration=\(part.seconds)"]
    }
    arguments += ["-filter_complex", "concat=n=\(seconds.count)", "-c:v", "mpeg4", space.path("clip.mp4")]
    #expect(try TestData.run(URL(fileURLWithPath: "/usr/bin/ffmpeg"), arguments).status == 0)
  }

  private func pipeline(_ detector: String, realtime: Bool = true) throws -> String {
    try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "clip.mp4", "realtime": \(realtime) } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { \(detector) } },
      { "id": "lines", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "lines.jsonl" } }
      """)
  }

  private func run(_ file: String) throws -> Command.Running {
    try Command.Running(
      ["run", file, "--report", "report.json"], in: space.folder,
      environment: ["EDGEPIPE_MODELS": space.path("models")])
  }

  private func facts() throws -> [String: Any] {
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    return try #require(stages["objects"]?["facts"] as? [String: Any])
  }

  private func count(_ words: String, in text: String) -> Int { text.components(separatedBy: words).count - 1 }

  @Test(
    "given a model that hangs in the dark, when the picture is dark for a while, then the fallback works meanwhile, told once",
    .enabled(if: isReady, "needs Python with onnx, ONNX Runtime and ffmpeg"))
  func hangs() throws {
    try makeClip([("gray", 2), ("black", 3), ("gray", 9)])
    let file = try pipeline(
      #""model": "dark", "timeoutMs": 400, "fallback": { "model": "plain", "retryS": 1 }"#)
    let result = try run(file).finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(count("fault 'hang': the model of 'objects' has not answered", in: result.errors) == 1, "\(result.errors)")
    #expect(count("recovered from 'hang'", in: result.errors) == 1, "\(result.errors)")
    #expect(count("uses the fallback", in: result.errors) >= 1)
    let facts = try facts()
    // It is tried again while it is dark, and hangs.
    #expect(
      Set(facts["models"] as? [String] ?? []) == ["dark", "plain"] && facts["model"] as? String == "dark", "\(facts)")
    let unanswered = try #require(facts["unanswered"] as? Int)
    // Each time that it hangs, its frame and those that were prepared for it; the other frames of the dark have answers.
    #expect(unanswered >= 1 && unanswered <= 24, "\(unanswered)")
    let ledger = try #require(try space.report()["ledger"] as? [String: Any])
    #expect(ledger["balanced"] as? Bool == true && ledger["failed"] as? Int == 0)
  }

  @Test(
    "given a model that hangs and no fallback, when frames are dark, then they pass without results and the run ends well",
    .enabled(if: isReady, "needs Python with onnx, ONNX Runtime and ffmpeg"))
  func hangsWithoutFallback() throws {
    try makeClip([("gray", 1), ("black", 1), ("gray", 1)])
    let file = try pipeline(#""model": "dark", "timeoutMs": 300"#, realtime: false)
    let result = try run(file).finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(count("fault 'hang'", in: result.errors) == 1, "\(result.errors)")
    #expect(try #require(facts()["unanswered"] as? Int) == 10)
    #expect(try space.lines("lines.jsonl").filter { $0["type"] as? String == "frame" }.count == 30)
  }

  @Test(
    "given a model's file that is damaged while it runs, then it is put right from the copy, and the run goes on",
    .enabled(if: isReady, "needs Python with onnx, ONNX Runtime and ffmpeg"))
  func damagedWhileRunning() throws {
    try makeClip([("gray", 60)])
    let file = try pipeline(#""model": "plain", "checkS": 0.5"#)
    let model = URL(fileURLWithPath: space.path("models/plain/model.onnx"))
    let sound = try Data(contentsOf: model)
    let running = try run(file)
    func eventually(_ what: String, _ holds: () -> Bool) throws {
      let limit = ContinuousClock.now + .seconds(50)
      while !holds() { try #require(ContinuousClock.now < limit, "never: \(what); \(running.state)") }
    }
    try eventually("a copy is kept") {
      ((try? FileManager.default.contentsOfDirectory(atPath: space.path("models/.kept"))) ?? []).contains {
        $0.hasSuffix(".onnx")
      }
    }
    var damaged = sound
    damaged[damaged.count / 2] ^= 0x10
    try damaged.write(to: model)
    try eventually("it is told") { running.errorsSoFar.contains("recovered from 'model'") }
    #expect(try Data(contentsOf: model) == sound)
    running.signal(SIGTERM)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(count("fault 'model': the file of the model 'plain' is damaged", in: result.errors) == 1)
    #expect(count("recovered from 'model'", in: result.errors) == 1, "\(result.errors)")
  }

  @Test(
    "given a damaged model, when it is opened, then it is put right from the copy; without one the run says what to do",
    .enabled(if: isReady, "needs Python with onnx, ONNX Runtime and ffmpeg"))
  func damagedBefore() throws {
    try makeClip([("gray", 2)])
    let file = try pipeline(#""model": "plain""#)
    let model = URL(fileURLWithPath: space.path("models/plain/model.onnx"))
    let sound = try Data(contentsOf: model)
    #expect(try run(file).finish().status == 0)
    try Data(sound.dropLast(100)).write(to: model)
    let mended = try run(file).finish()
    #expect(mended.status == 0 && count("recovered from 'model'", in: mended.errors) == 1, "\(mended.errors)")
    #expect(try Data(contentsOf: model) == sound)

    try FileManager.default.removeItem(atPath: space.path("models/.kept"))
    try Data(sound.dropLast(100)).write(to: model)
    let refused = try run(file).finish()
    #expect(refused.status == ExitStatus.dataError.rawValue, "\(refused.status): \(refused.errors)")
    #expect(refused.errors.contains("neither a copy nor a source"), "\(refused.errors)")
  }
}
