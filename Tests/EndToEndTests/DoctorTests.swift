import Foundation
import PipelineTestSupport
import Testing

/// Pipelines that were broken on purpose, each in another way: the doctor must name the cause first. The machine may be
/// busy with other work, so each is broken by far more than that could do.
@Suite("The command: doctor", .serialized)
struct DoctorTests {
  private static let film = TestData.packageRoot.appendingPathComponent("samples/street-live.mp4")
  private static let hasFilm = FileManager.default.fileExists(atPath: film.path)
  private static let pictures = TestData.file("data/coco50/images")

  private struct Answer {
    let status: Int32
    let findings: [[String: Any]]
    let root: [String: Any]

    init(_ result: CommandResult) throws {
      status = result.status
      root = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], "\(result.errors)")
      findings = try #require(root["findings"] as? [[String: Any]])
    }

    var causes: [String] { findings.compactMap { $0["cause"] as? String } }
    var first: String { causes.first ?? "nothing" }

    func figure(_ name: String) -> Double? {
      let all = (findings.first?["figures"] as? [[String: Any]]) ?? []
      return all.first { $0["name"] as? String == name }?["value"] as? Double
    }

    var commands: [String] {
      ((findings.first?["remedies"] as? [[String: Any]]) ?? []).compactMap { $0["command"] as? String }
    }
  }

  /// Runs the pipeline to its end, and asks the doctor.
  private func examine(_ space: Workspace, _ file: String, group: LimitedGroup? = nil) throws -> Answer {
    if let group {
      let result = try Command.shell(
        group.line("\"$E\" run '\(file)' --quiet --report report.json"), in: space.folder)
      try #require(result.status == 0, "\(result.errors)")
    } else {
      let result = try Command.run(["run", file, "--quiet", "--report", "report.json"], in: space.folder)
      try #require(result.status == 0, "\(result.errors)")
    }
    return try examine(space)
  }

  private func examine(_ space: Workspace) throws -> Answer {
    let answer = try Answer(Command.run(["doctor", "report.json", "--json"], in: space.folder))
    #expect(answer.status == (answer.findings.isEmpty ? 0 : 1))
    return answer
  }

  /// On how many frames a stage of the run has worked.
  private func worked(_ stage: String, _ space: Workspace) throws -> Int {
    let stages = try space.report()["stages"] as? [String: [String: Any]]
    return try #require(stages?[stage]?["worked"] as? Int)
  }

  private func camera(_ more: String) -> String {
    #"{ "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(Self.film.path)", \#(more) } }"#
  }
  private let live = #""live": true, "realtime": true"#
  private let scale = #"{ "id": "scale", "type": "preprocess.letterbox", "after": ["camera"] }"#

  @Test("given a healthy run, when examined, then nothing is found and the status is 0", .enabled(if: hasFilm))
  func healthy() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      "\(camera(#""maxFrames": 20"#)), "
        + #"{ "id": "out", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "out.jsonl" } }"#)
    let answer = try examine(space, file)
    #expect(answer.findings.isEmpty && answer.status == 0, "\(answer.causes)")
    let text = try Command.run(["doctor", "report.json"], in: space.folder)
    #expect(text.status == 0 && text.output.hasPrefix("nothing found"))
  }

  @Test(
    "given a detector that is too slow for its camera, when examined, then it is, and an interval is advised",
    .enabled(if: hasFilm && Has.model("yolov3-tiny"), "needs samples/ and the model yolov3-tiny"))
  func slowDetector() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      \(camera(#""maxFrames": 90, \#(live)"#)), \(scale),
      { "id": "objects", "type": "detect.yolo", "after": ["scale"],
        "config": { "model": "yolov3-tiny", "shape": [1024, 1024] } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    let answer = try examine(space, file)
    #expect(answer.first == "slow-detector", "\(answer.findings)")
    #expect(answer.commands.contains { $0.contains("--set objects.interval=") }, "\(answer.commands)")
    #expect(answer.figure("lost_share") ?? 0 > 0.3)
    // For people: the cause, its figures, and a command on a line of its own.
    let text = try Command.run(["doctor", "report.json"], in: space.folder)
    #expect(text.status == 1 && text.output.contains("1. latency: objects (detect.yolo)"))
    #expect(text.output.contains("figures") && text.output.contains("\n            $ edgepipe run "))
  }

  @Test(
    "given a deadline that a detector misses by itself, when examined, then it is the detector",
    .enabled(if: Has.ffmpeg && Has.model("yolov3-tiny"), "needs ffmpeg and the model yolov3-tiny"))
  func missedDeadline() throws {
    let space = try Workspace()
    // Small, so that it is scaled within the deadline.
    try FFmpeg.make([
      "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=9", "-pix_fmt", "yuv420p", "-c:v", "mpeg4",
      space.path("small.mp4"),
    ])
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "small.mp4", \(live) } }, \(scale),
      { "id": "objects", "type": "detect.yolo", "after": ["scale"],
        "config": { "model": "yolov3-tiny", "shape": [1536, 1536] } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """, extra: #""budget": { "deadlineMs": 200 },"#)
    var answer = try examine(space, file)
    // On a busy machine all frames may be late before the detector has seen one: then nobody knows it, and others are the cause.
    var runs = 1
    while try worked("objects", space) == 0 {
      #expect(answer.first == "other-programs", "\(answer.findings)")
      if runs == 5 { return }
      answer = try examine(space, file)
      runs += 1
    }
    #expect(answer.first == "slow-detector", "\(answer.findings)")
    #expect(answer.figure("deadline_ms") == 200)
    #expect(answer.commands.contains { $0.contains("objects.shape=") }, "\(answer.commands)")
  }

  @Test("given other programs on all cores, when a camera's frames are lost, then they are the cause")
  func otherPrograms() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": true, "fps": 30, "frames": 150 } },
      { "id": "objects", "type": "detect.null", "after": ["in"], "config": { "busyMs": 20 } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    var greedy: [Process] = []
    defer {
      for process in greedy {
        // The tests' threads block SIGTERM, and so do programs that they start.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
    }
    for _ in 0..<(6 * ProcessInfo.processInfo.activeProcessorCount) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", "ulimit -t 60; while :; do :; done"]
      try process.run()
      greedy.append(process)
    }
    let answer = try examine(space, file)
    #expect(answer.first == "other-programs", "\(answer.findings)")
    #expect(answer.figure("waiting_share") ?? 0 > 0.5)
    #expect(answer.causes.contains("slow-detector"), "the second most likely is below")
  }

  @Test(
    "given a quota of a tenth of a core, when frames are lost, then it is the cause",
    .enabled(if: LimitedGroup.cpu(share: 0.5) != nil, "needs root and control groups that can be made"))
  func quota() throws {
    let space = try Workspace(), group = try #require(LimitedGroup.cpu(share: 0.1))
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": true, "fps": 30, "frames": 150 } },
      { "id": "objects", "type": "detect.null", "after": ["in"], "config": { "busyMs": 8 } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    let answer = try examine(space, file, group: group)
    #expect(answer.first == "cpu-quota", "\(answer.findings)")
    #expect(answer.figure("throttled_share") ?? 0 > 0.3)
  }

  @Test(
    "given a queue that drops frames of a file, when examined, then its policy is the cause",
    .enabled(if: hasFilm && Has.model("yolov3-tiny"), "needs samples/ and the model yolov3-tiny"))
  func droppingQueue() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      \(camera(#""maxFrames": 90"#)), \(scale),
      { "id": "objects", "type": "detect.yolo", "after": ["scale"],
        "queue": { "capacity": 1, "overflow": "dropOldest" },
        "config": { "model": "yolov3-tiny", "shape": [640, 640] } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    let answer = try examine(space, file)
    #expect(answer.first == "dropping-queue", "\(answer.findings)")
    // The command that it gives mends it.
    let command = try #require(answer.commands.first)
    let mended = try Command.shell(
      command.replacing("edgepipe run", with: "\"$E\" run") + " --quiet --report report.json", in: space.folder)
    #expect(mended.status == 0, "\(mended.errors)")
    #expect(try !examine(space).causes.contains("dropping-queue"))
  }

  @Test("given one frame in flight, when a camera finds no place though nobody is busy, then the limit is the cause")
  func framesInFlight() throws {
    let space = try Workspace()
    let stages = (1...4).map { number in
      #"{ "id": "s\#(number)", "type": "detect.null", "after": ["\#(number == 1 ? "in" : "s\(number - 1)")"], "#
        + #""config": { "busyMs": 5 } }"#
    }
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.synthetic", "config": { "live": true, "fps": 60, "frames": 240 } },
      \(stages.joined(separator: ",\n")),
      { "id": "out", "type": "sink.null", "after": ["s4"] }
      """, extra: #""framesInFlight": 1,"#)
    let answer = try examine(space, file)
    #expect(answer.first == "frames-in-flight", "\(answer.findings)")
  }

  @Test(
    "given a threshold that hardly any object passes, when examined, then it is the cause, and the usual one helps",
    .enabled(if: pictures != nil && Has.model("yolox-nano"), "needs the test data and the model yolox-nano"))
  func highScore() throws {
    let space = try Workspace(), pictures = try #require(Self.pictures).path
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(pictures)" } }, \(scale),
      { "id": "objects", "type": "detect.yolo", "after": ["scale"],
        "config": { "model": "yolox-nano", "score": 0.93 } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    let answer = try examine(space, file)
    #expect(answer.first == "high-score", "\(answer.findings)")
    #expect(answer.figure("score") == 0.93)
    let command = try #require(answer.commands.first)
    #expect(command.hasSuffix("--set objects.score=0.3"))
    let mended = try Command.shell(
      command.replacing("edgepipe run", with: "\"$E\" run") + " --quiet --report report.json", in: space.folder)
    #expect(mended.status == 0, "\(mended.errors)")
    #expect(try examine(space).findings.isEmpty)
  }

  @Test(
    "given a power budget just above idle, when a detector works, then its power is the cause",
    .enabled(if: pictures != nil && Has.model("yolox-nano"), "needs the test data and the model yolox-nano"))
  func power() throws {
    let space = try Workspace(), pictures = try #require(Self.pictures).path
    try #"{"version": 1, "name": "desk", "idleW": 5, "wattsPerBusyCore": 8, "method": "made up"}"#.write(
      toFile: space.path("desk.json"), atomically: true, encoding: .utf8)
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(pictures)" } }, \(scale),
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "yolox-nano" } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """, extra: #""budget": { "powerW": 5.2 },"#)
    let result = try Command.run(
      ["run", file, "--quiet", "--report", "report.json", "--power-profile", "desk.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let answer = try examine(space)
    #expect(answer.first == "hot-stage", "\(answer.findings)")
    #expect(answer.findings.first?["subject"] as? String == "objects")
  }

  @Test(
    "given a limit on memory and six sessions, when examined, then the sessions are the cause",
    .enabled(
      if: pictures != nil && Has.model("yolov3-tiny") && LimitedGroup.memory(megabytes: 64) != nil,
      "needs the test data, the model yolov3-tiny, root and control groups that can be made"))
  func memory() throws {
    let space = try Workspace(), pictures = try #require(Self.pictures).path
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\(pictures)", "maxFrames": 8 } }, \(scale),
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 6,
        "config": { "model": "yolov3-tiny" } },
      { "id": "out", "type": "sink.null", "after": ["objects"] }
      """)
    // What it needs, and hardly more.
    let free = try examine(space, file)
    #expect(!free.causes.contains("many-sessions"), "\(free.findings)")
    let peak = try #require(try space.report()["peak_rss_mb"] as? Double)
    let group = try #require(LimitedGroup.memory(megabytes: Int(peak * 1.1)))
    let answer = try examine(space, file, group: group)
    #expect(answer.first == "many-sessions", "\(answer.findings)")
    #expect(answer.commands.first?.hasSuffix("--set objects.workers=1") ?? false)
  }

  @Test("given a receiver that is away, when results wait, then it is the cause", .enabled(if: hasFilm))
  func receiverAway() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      \(camera(#""maxFrames": 20"#)),
      { "id": "hook", "type": "sink.http", "after": ["camera"], "config": { "url": "http://127.0.0.1:9/results",
        "what": ["frames"], "retryMinS": 0.1, "flushS": 1, "spool": { "folder": "spool" } } }
      """)
    let answer = try examine(space, file)
    #expect(answer.first == "receiver-away", "\(answer.findings)")
    #expect(answer.figure("waiting") == 20)
    #expect(answer.commands.first?.hasPrefix("curl ") ?? false)
  }

  @Test("given a camera that is not there, when the running pipeline is examined, then the stream is the cause")
  func streamLost() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "rtsp://127.0.0.1:1/door" } },
      { "id": "out", "type": "sink.null", "after": ["camera"] }
      """)
    let running = try Command.Running(["run", file, "--quiet", "--control", "c.sock"], in: space.folder)
    defer { running.signal(SIGKILL) }
    // Until it listens, and has tried.
    var answer: Answer?
    let end = Date(timeIntervalSinceNow: 120)
    while answer?.findings.isEmpty ?? true, Date() < end, running.process.isRunning {
      let result = try Command.run(
        ["doctor", "--live", "--control", "c.sock", "--seconds", "0", "--json"], in: space.folder)
      if result.status <= 1 { answer = try Answer(result) }
    }
    let found = try #require(answer, "\(running.state)")
    #expect(found.first == "stream-lost", "\(found.findings)")
    #expect(found.commands.first == "edgepipe ctl list --control c.sock")
    #expect(found.root["subject"] as? String == "run" && found.root["pipeline"] as? String == "test")
    let later = try Answer(
      Command.run(
        ["doctor", "--live", "--seconds", "0.2", "--json"], in: space.folder,
        environment: ["EDGEPIPE_CONTROL": "c.sock"]))
    #expect(later.first == "stream-lost")
    #expect(try Command.run(["ctl", "drain", "--control", "c.sock"], in: space.folder).status == 0)
    #expect(try running.finish().status == 0)
  }

  @Test(
    "given a folder with damaged pictures, when examined, then the input is the cause", .enabled(if: pictures != nil))
  func damagedInput() throws {
    let space = try Workspace(), pictures = try #require(Self.pictures)
    let folder = space.folder.appendingPathComponent("pictures")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let names = try FileManager.default.contentsOfDirectory(atPath: pictures.path).sorted().prefix(12)
    for (index, name) in names.enumerated() {
      let bytes = try Data(contentsOf: pictures.appendingPathComponent(name))
      try (index % 3 == 0 ? bytes.prefix(3000) : bytes).write(to: folder.appendingPathComponent(name))
    }
    let file = try space.pipeline(
      """
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "pictures" } },
      { "id": "out", "type": "sink.null", "after": ["camera"] }
      """)
    let answer = try examine(space, file)
    #expect(answer.first == "damaged-input", "\(answer.findings)")
    #expect(answer.figure("unreadable_pictures") == 4)
  }

  @Test(
    "given an encoder that is too slow for its camera, when examined, then the sink is the cause", .enabled(if: hasFilm)
  )
  func slowOutput() throws {
    let space = try Workspace()
    let file = try space.pipeline(
      """
      \(camera(#""maxFrames": 90, \#(live)"#)),
      { "id": "film", "type": "sink.video", "after": ["camera"],
        "config": { "path": "out.mp4", "preset": "veryslow", "crf": 5 } }
      """)
    let answer = try examine(space, file)
    #expect(answer.first == "slow-output", "\(answer.findings)")
    #expect(answer.commands.first?.hasSuffix("--set film.preset=ultrafast") ?? false)
  }

  @Test("given no run, when asked, then the machine is examined: what was looked at, and what is wrong")
  func machine() throws {
    let space = try Workspace()
    let answer = try Answer(
      Command.run(["doctor", "--json", "--store", space.path("empty")], in: space.folder))
    #expect(answer.root["subject"] as? String == "machine" && answer.status == 1)
    #expect(answer.causes.contains("no-models"), "the store is empty")
    let checks = try #require(answer.root["checks"] as? [[String: Any]]).compactMap { $0["name"] as? String }
    #expect(Set(["engine", "models", "processor", "memory", "disk"]).isSubset(of: Set(checks)))
  }

  @Test("given what it cannot examine, when asked, then the error says so with its status")
  func refused() throws {
    let space = try Workspace()
    try "{}".write(toFile: space.path("other.json"), atomically: true, encoding: .utf8)
    let cases: [([String], Int32, String)] = [
      (["nowhere.json"], 66, "cannot read the run report"), (["other.json"], 65, "is not a run report"),
      (["--live"], 64, "no control socket is given"), (["--live", "--control", "nowhere.sock"], 69, "nowhere.sock"),
      (["other.json", "--live"], 64, "not both"), (["--control", "x"], 64, "--control needs --live"),
    ]
    for (arguments, status, words) in cases {
      let result = try Command.run(
        ["doctor"] + arguments, in: space.folder)
      #expect(result.status == status && result.errors.contains(words), "\(arguments): \(result.errors)")
    }
  }
}
