import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: ab")
struct ABTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// A pipeline whose work is `busyMs` of CPU time a frame.
  private func busy(_ space: Workspace, _ name: String, busyMs: Double, live: Bool = false) throws -> String {
    let stages = """
      { "id": "in", "type": "source.synthetic", "config": { "live": \(live), "frames": 500, "fps": 100000 } },
      { "id": "work", "type": "detect.null", "after": ["in"], "config": { "busyMs": \(busyMs) } },
      { "id": "out", "type": "sink.jsonl", "after": ["work"], "config": { "path": "out-\(name).jsonl" } }
      """
    try FileManager.default.moveItem(atPath: space.pipeline(stages), toPath: space.path(name))
    return name
  }

  @Test(
    "given a pipeline that works four times as long, when compared, then CPU time says so and nothing is written but the report"
  )
  func pipelines() throws {
    let space = try Workspace()
    let a = try busy(space, "a.json", busyMs: 1), b = try busy(space, "b.json", busyMs: 4)
    let result = try Command.run(
      ["ab", a, b, "--repeats", "3", "--rounds", "2", "--frames", "20", "--report", "out/ab.json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("runs        3 repeats of each x 2 rounds, interleaved, of 20 frames"))
    #expect(result.output.contains("report      out/ab.json"))
    let root = try space.report("out/ab.json")
    #expect(root["kind"] as? String == "pipelines")
    #expect(root["latency_of"] is NSNull)
    #expect(root["repeats"] as? Int == 3)
    let runs = try #require(root["runs"] as? [[String: Any]])
    #expect(runs.count == 12)
    #expect(runs.allSatisfy { $0["frames"] as? Int == 20 })
    let metrics = try #require(root["metrics"] as? [String: [String: Any]])
    #expect(
      metrics.keys.sorted() == [
        "cpu_ms_per_frame", "energy_j_per_frame", "fps", "latency_p50_ms", "latency_p95_ms", "peak_rss_mb",
      ])
    // The stage burns CPU time and not time on the wall, so that this holds on a machine that is busy with other things.
    let cpu = try #require(metrics["cpu_ms_per_frame"])
    #expect(try #require(cpu["a"] as? [Double]).allSatisfy { $0 >= 1 })
    #expect(try #require(cpu["b"] as? [Double]).allSatisfy { $0 >= 4 })
    #expect(cpu["change"] as? Double ?? 0 > 0.5)
    // Its work takes at least that long.
    #expect(try #require(metrics["latency_p50_ms"]?["b"] as? [Double]).allSatisfy { $0 >= 4 })
    #expect((root["power"] as? [String: Any])?["method"] is String)
    // It finds nothing, so that nothing can be deployed.
    #expect((root["agreement"] as? [String: Any])?["f1"] is NSNull)
    #expect((root["verdict"] as? [String: Any])?["decision"] as? String != "deploy")
    let left = try FileManager.default.contentsOfDirectory(atPath: space.folder.path).sorted()
    #expect(left == ["a.json", "b.json", "out"], "the pipelines' own outputs are not touched")
  }

  @Test(
    "given one model at two shapes, when compared on pictures, then what both find agrees, and JSON has it",
    .enabled(
      if: TestData.file("data/coco50") != nil && TestData.onnxRuntimeLibrary != nil && Has.model("yunet-n"),
      "needs the test data, ONNX Runtime and the model yunet-n"))
  func shapes() throws {
    let space = try Workspace()
    let images = try #require(TestData.file("data/coco50/images")).path
    for (name, shape) in [("wide.json", "\"auto\""), ("square.json", "\"square\"")] {
      let file = try space.pipeline(
        """
        { "id": "pictures", "type": "source.ffmpeg", "config": { "url": "\(images)" } },
        { "id": "scale", "type": "preprocess.letterbox", "after": ["pictures"] },
        { "id": "faces", "type": "detect.face", "after": ["scale"], "config": { "model": "yunet-n", "shape": \(shape) } },
        { "id": "out", "type": "sink.null", "after": ["faces"] }
        """)
      try FileManager.default.moveItem(atPath: file, toPath: space.path(name))
    }
    let result = try Command.run(
      [
        "ab", "square.json", "wide.json", "--stage", "faces", "--repeats", "2", "--rounds", "1", "--frames", "20",
        "--json",
        "--onnxruntime", try #require(TestData.onnxRuntimeLibrary).path,
      ], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    #expect(root["latency_of"] as? String == "faces")
    let agreement = try #require(root["agreement"] as? [String: Any])
    let a = try #require(agreement["found_a"] as? Int), b = try #require(agreement["found_b"] as? Int)
    let matched = try #require(agreement["matched"] as? Int)
    #expect(a > 0 && b > 0)
    #expect(agreement["precision"] as? Double == Double(matched) / Double(b))
    #expect(agreement["recall"] as? Double == Double(matched) / Double(a))
    // The same network on the same pictures at nearly the same scale.
    #expect(agreement["f1"] as? Double ?? 0 > 0.7)
    #expect(agreement["mean_iou"] as? Double ?? 0 > 0.7)
  }

  @Test(
    "given annotated pictures, when compared, then AP of each side is that of its evaluation, and decides",
    .enabled(
      if: TestData.file("data/coco50") != nil && Has.model("yolox-nano"),
      "needs the test data and the model yolox-nano"))
  func accuracy() throws {
    let space = try Workspace()
    let data = try #require(TestData.file("data/coco50"))
    let images = data.appendingPathComponent("images").path, truth = data.appendingPathComponent("instances.json").path
    for (name, side) in [("big", 416), ("small", 160)] {
      let file = try space.pipeline(
        """
        { "id": "pictures", "type": "source.ffmpeg", "config": { "url": "\(images)" } },
        { "id": "scale", "type": "preprocess.letterbox", "after": ["pictures"] },
        { "id": "objects", "type": "detect.yolo", "after": ["scale"],
          "config": { "model": "yolox-nano", "shape": [\(side), \(side)], "iou": 0.65, "maxDetections": 20 } },
        { "id": "out", "type": "sink.null", "after": ["objects"] }
        """)
      try FileManager.default.moveItem(atPath: file, toPath: space.path(name + ".json"))
    }
    let result = try Command.run(
      ["ab", "big.json", "small.json", "--coco", truth, "--repeats", "2", "--rounds", "1", "--frames", "5", "--json"],
      in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    let accuracy = try #require(root["accuracy"] as? [String: Any])
    #expect(accuracy["pictures"] as? Int == 50)
    let ap = try #require(accuracy["ap"] as? [String: Double])
    // The same model, shape and limits through the evaluation, which agrees with pycocotools.
    for (side, shape) in [("a", "416x416"), ("b", "160x160")] {
      let evaluation = try Command.run(
        [
          "models", "eval", "yolox-nano", "--coco", truth, "--images", images, "--shape", shape, "--max-detections",
          "20",
          "--json",
        ])
      let figures = try #require(try object(evaluation.output)["figures"] as? [String: Any])
      // Scores have four decimals in the results file, so that nearly equal ones may change places.
      #expect(abs((ap[side] ?? 0) - (figures["ap"] as? Double ?? -1)) < 2e-3)
    }
    let low = try #require(accuracy["difference_low"] as? Double),
      high = try #require(accuracy["difference_high"] as? Double)
    let difference = try #require(accuracy["difference"] as? Double)
    #expect(low < difference && difference < high && high < 0, "an input of a seventh of the pixels loses surely")
    #expect((root["verdict"] as? [String: Any])?["decision"] as? String == "hold")
  }

  @Test(
    "given two models and a folder, when compared, then a pipeline is made for them",
    .enabled(
      if: TestData.file("data/coco50") != nil && Has.model("yunet-n") && Has.model("yolox-nano"),
      "needs the test data and the models yunet-n and yolox-nano"))
  func models() throws {
    let images = try #require(TestData.file("data/coco50/images")).path
    let result = try Command.run(
      ["ab", "yunet-n", "yunet-n", "--source", images, "--repeats", "2", "--rounds", "2", "--frames", "5", "--json"])
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    #expect(root["kind"] as? String == "models")
    #expect(root["latency_of"] as? String == "detect")
    #expect(
      (root["agreement"] as? [String: Any])?["matched"] as? Int == (root["agreement"] as? [String: Any])?["found_a"]
        as? Int)
    let mixed = try Command.run(["ab", "yunet-n", "yolox-nano", "--source", images])
    #expect(mixed.status == 64)
    #expect(mixed.errors.contains("one detects faces, the other objects"))
    let nowhere = try Command.run(["ab", "yunet-n", "yunet-n"])
    #expect(nowhere.status == 64)
    #expect(nowhere.errors.contains("give --source"))
  }

  @Test("given inputs that cannot be compared, when run, then exit status and message say why")
  func mistakes() throws {
    let space = try Workspace()
    let a = try busy(space, "a.json", busyMs: 0), live = try busy(space, "live.json", busyMs: 0, live: true)
    func fails(_ arguments: [String], _ status: Int32, _ text: String) throws {
      let result = try Command.run(["ab"] + arguments, in: space.folder)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(text), "\(arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
    try fails([a, "yolox-nano"], 64, "'a.json' and 'yolox-nano' cannot be compared")
    try fails([a, "missing.json"], 66, "'missing.json' does not exist")
    try fails(["missing.onnx", "yolox-nano"], 66, "'missing.onnx' does not exist")
    try fails([a, live], 64, "the stream 'in' of 'live.json' is live")
    try fails([a, a, "--stage", "wrok"], 64, "did you mean 'work'")
    try fails([a, a, "--pipeline", a], 64, "--pipeline applies only to models")
    try fails(["yolox-nnao", "yolox-nano", "--source", "x.mp4"], 78, "did you mean 'yolox-nano'")
    try fails([a, a, "--repeats", "1"], 64, "a single repeat shows no spread")
    try fails([a, a, "--report", "."], 74, "it is a folder")
    try "{ \"version\": 1, \"stages\": 3 }".write(toFile: space.path("bad.json"), atomically: true, encoding: .utf8)
    try fails([a, "bad.json"], 78, "bad.json")
    let file = try space.pipeline(
      """
      { "id": "in", "type": "source.ffmpeg", "config": { "url": "gone.mp4" } },
      { "id": "out", "type": "sink.null", "after": ["in"] }
      """)
    try fails([file, file], 66, "the run of A")
  }

  @Test("given a signal, when it runs, then the run under way is given up and no process is left")
  func signal() throws {
    let space = try Workspace()
    // The first run takes ten seconds or more.
    let a = try busy(space, "a.json", busyMs: 50)
    let running = try Command.Running(["ab", a, a], in: space.folder)
    // The first run has begun when its child is there.
    var grandchildren: [Int32] = []
    let limit = Date().addingTimeInterval(60)
    while grandchildren.isEmpty, Date() < limit {
      usleep(20_000)
      grandchildren = children(of: running.process.processIdentifier).flatMap(children)
    }
    let id = try #require(grandchildren.first)
    running.signal(SIGINT)
    let result = try running.finish()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("nothing was compared"))
    #expect(kill(id, 0) != 0, "the run's process is gone")
  }

  private func children(of process: Int32) -> [Int32] {
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
    return threads.flatMap { thread in
      let ids = (try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/children", encoding: .utf8)) ?? ""
      return ids.split(separator: " ").compactMap { Int32($0) }
    }
  }
}
