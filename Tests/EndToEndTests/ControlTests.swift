import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: ctl, on a run of real video")
struct ControlTests {
  private static let clip = TestData.file("data/video/one-by-one-person-detection.mp4")
  private static let isReady =
    clip != nil && Has.ffmpeg && Has.model("yolox-nano") && Has.model("yolov3-tiny")

  /// A run at the speed of its clip that has begun.
  private final class Live {
    let space: Workspace
    let running: Command.Running

    init(_ space: Workspace) throws {
      self.space = space
      let file = try space.pipeline(
        """
        { "id": "camera", "type": "source.ffmpeg",
          "config": { "url": "\(#require(ControlTests.clip).path)", "realtime": true } },
        { "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] },
        { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 2, "config": { "model": "yolox-nano" } },
        { "id": "events", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "events.jsonl" } }
        """)
      running = try Command.Running(
        ["run", file, "--control", "ctl.sock", "--report", "report.json", "--quiet"], in: space.folder)
      // The run has begun once it answers and has delivered something.
      let limit = Date().addingTimeInterval(60)
      while Date() < limit {
        let status = try Command.run(["ctl", "status", "--json", "--control", "ctl.sock"], in: space.folder)
        if status.status == 0, let delivered = try ControlTests.object(status.output)["delivered"] as? Int,
          delivered > 0
        {
          return
        }
      }
      Issue.record("the run does not begin: \(running.errorsSoFar)")
    }

    func ask(_ arguments: String...) throws -> CommandResult {
      try Command.run(["ctl"] + arguments + ["--control", "ctl.sock"], in: space.folder)
    }
  }

  private static func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test(
    "given a running pipeline, when options and the model change and a picture is taken, then results and report show it",
    .enabled(if: isReady, "needs the test data, ffmpeg and the models yolox-nano and yolov3-tiny"))
  func changes() throws {
    let space = try Workspace(), live = try Live(space)
    let set = try live.ask("set", "objects", "score=0.6", "classes=[\"person\"]", "--json")
    #expect(set.status == 0, "\(set.errors)")
    let options = try #require(Self.object(set.output)["options"] as? [String: [String: Any]])
    #expect(options["score"]?["old"] as? Double == 0.3 && options["score"]?["new"] as? Double == 0.6)

    let refused = try live.ask("set", "objects", "score=6")
    #expect(refused.status == 64 && refused.errors.contains("score: expected"), "\(refused.errors)")
    let missing = try live.ask("set", "objects", "model=no-such-model")
    #expect(missing.status == 78 && missing.errors.contains("no-such-model"), "\(missing.errors)")
    let faces = try live.ask("set", "objects", "model=centerface")
    #expect(faces.status != 0 && faces.errors.contains("detect.face"), "\(faces.errors)")

    let swapped = try live.ask("set", "objects", "model=yolov3-tiny", "shape=square")
    #expect(swapped.status == 0, "\(swapped.errors)")

    let picture = try live.ask("picture", "camera", "--output", "now.jpg", "--height", "240")
    #expect(picture.status == 0, "\(picture.errors)")
    let probe = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/ffprobe"),
      ["-v", "error", "-show_entries", "stream=codec_name,height", "-of", "csv=p=0", space.path("now.jpg")])
    #expect(String(decoding: probe.output, as: UTF8.self).contains("mjpeg,240"))
    let nobody = try live.ask("picture", "nobody")
    #expect(nobody.status == 64 && nobody.errors.contains("no stream"), "\(nobody.errors)")

    #expect(try live.ask("drain").status == 0)
    let result = try live.running.finish()
    #expect(result.status == 0, "\(result.errors)")
    let lines = try space.lines("events.jsonl")
    let events = lines.filter { $0["kind"] as? String == "options" }
    #expect(events.count == 2)
    let first = try #require(events.first?["frame"] as? Int), last = try #require(events.last?["frame"] as? Int)
    #expect(first < last)
    for line in lines where line["type"] as? String == "frame" && (line["frame"] as? Int ?? 0) >= first {
      for detection in line["detections"] as? [[String: Any]] ?? [] {
        #expect(detection["label"] as? String == "person" && (detection["score"] as? Double ?? 0) > 0.6)
      }
    }
    let report = try space.report()
    let objects = try #require((report["stages"] as? [String: [String: Any]])?["objects"])
    let facts = (objects["facts"] as? [String: Any]) ?? objects
    #expect(facts["models"] as? [String] == ["yolox-nano", "yolov3-tiny"], "\(objects)")
    #expect((facts["input_sizes"] as? [String])?.contains("416x416") == true)
    let ledger = try #require(report["frames"] as? [String: Any] ?? report["ledger"] as? [String: Any])
    #expect(ledger["failed"] as? Int ?? 0 == 0)
  }

  @Test(
    "given several watchers, when one is stopped and others go on, then each gets its own, and the run loses nothing",
    .enabled(if: isReady, "needs the test data, ffmpeg and the models yolox-nano and yolov3-tiny"))
  func watchers() throws {
    let space = try Workspace(), live = try Live(space)
    let figures = try Command.Running(
      ["ctl", "watch", "--topics", "figures", "--every", "0.2", "--control", "ctl.sock"], in: space.folder)
    // Stopped before it reads anything, it must not hold up anybody.
    let stopped = try Command.Running(
      ["ctl", "watch", "--every", "0.1", "--control", "ctl.sock"], in: space.folder)
    _ = stopped.read(lines: 1)
    stopped.signal(SIGSTOP)
    let read = figures.read(lines: 3)
    let messages = try JSONLines.parse(String(decoding: read, as: UTF8.self))
    #expect(messages.allSatisfy { $0["event"] as? String == "figures" && $0["fps"] is Double })
    #expect(try live.ask("list").status == 0)
    #expect(try live.ask("drain").status == 0)
    let result = try live.running.finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try figures.finish(alreadyRead: read).status == 0, "it ends with the run")
    stopped.signal(SIGCONT)
    #expect(try stopped.finish().status == 0)
    let lines = try space.lines("events.jsonl")
    #expect(lines.compactMap { $0["frame"] as? Int } == Array(0..<lines.count), "no frame is missing")
  }
}
