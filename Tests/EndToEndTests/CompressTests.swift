import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: models compress")
struct CompressTests {
  private static let pictures = TestData.file("data/coco50/images")

  @Test("given what cannot be compressed, when asked to, then one sentence says why, and nothing is written")
  func refusals() throws {
    let space = try Workspace()
    let cases: [(arguments: [String], status: Int32, words: String)] = [
      (["no-such-model", "--calibration", "."], 78, "no-such-model"),
      (["yolox-nano"], 64, "--calibration"),
      (["yolox-nano", "--calibration", ".", "--pictures", "0"], 64, "1 to 4096"),
      (["yolox-nano", "--calibration", ".", "--clip", "1"], 64, "from 0 to 0.1"),
      (["yolox-nano", "--calibration", ".", "--coco", "a.json"], 64, "--coco and --images must be given together"),
      (["yolox-nano", "--calibration", ".", "--memory", "512"], 64, "--memory needs --target"),
      (["yolox-nano", "--calibration", ".", "--max-drop", "101"], 64, "0 to 100"),
      (["yolox-nano", "--calibration", ".", "--rounds", "0"], 64, "1 to 99"),
    ]
    for item in cases {
      let result = try Command.run(["models", "compress"] + item.arguments, in: space.folder)
      #expect(result.status == item.status, "\(item.arguments): \(result.errors)")
      #expect(result.errors.contains(item.words), "\(item.arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
  }

  @Test(
    "given pictures, when a model is compressed, then the integer model is small, known by its origin, and runs",
    .enabled(
      if: pictures != nil && Has.model("yolox-nano") && TestData.onnxRuntimeLibrary != nil,
      "needs the test data, ONNX Runtime and the model yolox-nano"))
  func compress() throws {
    let space = try Workspace()
    let source = try #require(Self.pictures)
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted().prefix(2) {
      try FileManager.default.createSymbolicLink(
        atPath: space.path("pictures-\(name)"), withDestinationPath: source.appendingPathComponent(name).path)
    }
    let command = [
      "models", "compress", "yolox-nano", "--calibration", space.folder.path, "--pictures", "2", "--output", "models",
      "--skip-benchmark",
    ]
    let result = try Command.run(command + ["--json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(root["name"] as? String == "yolox-nano-int8")
    #expect((root["pictures"] as? [String: Any])?["calibrated"] as? Int == 2)
    let ladder = try #require(root["ladder"] as? [[String: Any]])
    #expect(ladder.map { $0["step"] as? String } == ["float32", "fusion", "int8"])
    #expect(ladder.map { $0["fate"] as? String } == ["float", "kept", "kept"])
    #expect((ladder.last?["bytes"] as? Int ?? .max) < 1_500_000)

    let manifest = space.path("models/yolox-nano-int8/manifest.json")
    let info = try Command.run(["models", "info", manifest], in: space.folder)
    #expect(info.output.contains("int8"), "\(info.output)")
    #expect(info.output.contains("compressed by edgepipe (fusion, int8); calibrated on 2 pictures"), "\(info.output)")

    let again = try Command.run(command, in: space.folder)
    #expect(again.status == 64)
    #expect(again.errors.contains("already exists"), "\(again.errors)")
    let twice = try Command.run(
      ["models", "compress", manifest, "--calibration", space.folder.path], in: space.folder)
    #expect(twice.status == 64)
    #expect(twice.errors.contains("its precision is int8"), "\(twice.errors)")

    let missing = try Command.run(
      ["models", "compress", "yolox-nano", "--calibration", "nowhere", "--output", "other"], in: space.folder)
    #expect(missing.status == 66)
    #expect(!FileManager.default.fileExists(atPath: space.path("other")))
  }

  @Test(
    "given a model that cannot be raised to operator set 13, when it is compressed, then the error says why",
    .enabled(
      if: pictures != nil && TestData.python != nil && TestData.onnxRuntimeLibrary != nil,
      "needs the test data, .deps/python and ONNX Runtime"))
  func oldOperators() throws {
    let space = try Workspace()
    let script = """
      import hashlib, json, onnx
      from onnx import helper as h, TensorProto as t
      w = h.make_tensor("w", t.FLOAT, [8, 3, 3, 3], [0.1] * 216)
      graph = h.make_graph(
          [h.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3])], "old",
          [h.make_tensor_value_info("x", t.FLOAT, [1, 3, "h", "w"])],
          [h.make_tensor_value_info("y", t.FLOAT, None)], [w])
      model = h.make_model(graph, opset_imports=[h.make_opsetid("", 5)], ir_version=4)
      onnx.save(model, "old.onnx")
      digest = hashlib.sha256(open("old.onnx", "rb").read()).hexdigest()
      with open("manifest.json", "w") as file:
          json.dump({
              "name": "old", "head": "yolox", "inputSize": 64, "stride": 32, "classes": ["thing"], "file": "old.onnx",
              "sha256": digest, "licence": "none", "origin": "test", "precision": "float32",
              "input": {"color": "bgr", "placement": "topLeft", "pad": 114, "mean": [0, 0, 0], "scale": [1, 1, 1],
                        "element": "float32"}}, file)
      """
    let made = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["-C", space.folder.path, #require(TestData.python).path, "-c", script])
    try #require(made.status == 0)
    let result = try Command.run(
      [
        "models", "compress", space.path("manifest.json"), "--calibration", #require(Self.pictures).path,
        "--pictures", "1", "--output", "models", "--skip-benchmark", "--onnxruntime",
        #require(TestData.onnxRuntimeLibrary).path,
      ], in: space.folder)
    #expect(result.status == 65, "\(result.errors)")
    #expect(result.errors.contains("operator set 5; 6 is the oldest"), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: space.path("models")))
  }

  private static let isReady = pictures != nil && Has.model("yolox-nano") && TestData.onnxRuntimeLibrary != nil

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// A workspace with a folder `pictures` of some of COCO's.
  private func workspace(pictures count: Int) throws -> Workspace {
    let space = try Workspace()
    let source = try #require(Self.pictures)
    try FileManager.default.createDirectory(atPath: space.path("pictures"), withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted().prefix(count) {
      try FileManager.default.createSymbolicLink(
        atPath: space.path("pictures/\(name)"), withDestinationPath: source.appendingPathComponent(name).path)
    }
    return space
  }

  @Test(
    "given a device, when compressed for it, then the advised steps are tried, and every row says what became of it",
    .enabled(if: isReady, "needs the test data, ONNX Runtime and the model yolox-nano"))
  func target() throws {
    let space = try workspace(pictures: 6)
    let command = [
      "models", "compress", "yolox-nano", "--calibration", "pictures", "--pictures", "3", "--output", "models",
      "--target", "raspberry-pi-4", "--max-drop", "100", "--rounds", "1", "--json", "--plot",
      "ladder.svg",
    ]
    // A debug build's kernels are not optimised; speed and power are those of ONNX Runtime's, which are.
    let result = try Command.run(command, in: space.folder, environment: ["EDGEPIPE_INSTRUCTIONS": "none"])
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    #expect(root["name"] as? String == "yolox-nano-raspberry-pi-4b")
    #expect((root["target"] as? [String: Any])?["model_limit_mb"] as? Int == 3032)
    let ladder = try #require(root["ladder"] as? [[String: Any]])
    #expect(
      ladder.map { $0["step"] as? String } == ["float32", "unstructured-pruning=0.6", "distillation", "fusion", "int8"])
    #expect(ladder[4]["fate"] as? String == "kept")
    for rung in ladder[1...2] {
      // A step that this version has was measured, and one that it has not says so.
      #expect((rung["reason"] as? String)?.isEmpty == false)
      #expect((rung["fate"] as? String == "not-available") == (rung["cpu_ms"] is NSNull))
    }
    for key in ["latency_ms", "cpu_ms", "per_second", "ratio", "memory_peak_mb", "power_w", "f1"] {
      #expect((ladder[4][key] as? Double ?? 0) > 0, "\(key)")
    }
    // The idle power of the board is in it; a board with all four cores busy takes 6.4 W.
    let power = try #require(ladder[4]["power_w"] as? Double)
    #expect((2.7...6.4).contains(power))
    #expect(try String(contentsOfFile: space.path("ladder.svg"), encoding: .utf8).contains("Latency, ms"))
  }

  @Test(
    "given a model that does not fit the device, when compressed, then it is refused, and installed only by force",
    .enabled(if: isReady, "needs the test data, ONNX Runtime and the model yolox-nano"))
  func memory() throws {
    let space = try workspace(pictures: 2)
    // Of 8 MB a model may take 6; this one has 3.6 MB of weights and more than that of activations.
    let command = [
      "models", "compress", "yolox-nano", "--calibration", "pictures", "--pictures", "1", "--output", "models",
      "--target", "raspberry-pi-4b", "--memory", "8", "--steps", "fusion", "--skip-benchmark",
    ]
    let refused = try Command.run(command, in: space.folder)
    #expect(refused.status == 65)
    #expect(
      refused.errors.contains("the model needs 11 MB, more than the limit of 6 MB for a model"), "\(refused.errors)")
    #expect(refused.errors.contains("--force"))
    #expect(!FileManager.default.fileExists(atPath: space.path("models/yolox-nano-raspberry-pi-4b")))
    let forced = try Command.run(command + ["--force"], in: space.folder)
    #expect(forced.status == 0, "\(forced.errors)")
    #expect(forced.errors.contains("warning: the model needs 11 MB"), "\(forced.errors)")
    #expect(forced.output.contains("6 MB allowed"), "\(forced.output)")
  }

  @Test(
    "given annotated pictures in the calibration's folder, when compressed, then calibrated and evaluated ones are others",
    .enabled(if: isReady, "needs the test data, ONNX Runtime and the model yolox-nano"))
  func keptApart() throws {
    let space = try workspace(pictures: 50)
    let annotations = try #require(TestData.file("data/coco50/instances.json")).path
    let result = try Command.run(
      [
        "models", "compress", "yolox-nano", "--calibration", "pictures", "--pictures", "50", "--output", "models",
        "--steps", "fusion", "--coco", annotations, "--images", "./pictures/", "--skip-benchmark", "--json",
      ], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    let pictures = try #require(root["pictures"] as? [String: Any])
    #expect(pictures["kept_apart"] as? Bool == true)
    let calibrated = try #require(pictures["calibrated"] as? Int),
      evaluated = try #require(pictures["evaluated"] as? Int)
    #expect(calibrated + evaluated == 50)
    #expect(evaluated > 10)
    // Fusion is exact to rounding: so are all detections but those whose scores lie on a limit.
    let ladder = try #require(root["ladder"] as? [[String: Any]])
    let before = try #require(ladder[0]["ap"] as? Double), after = try #require(ladder[1]["ap"] as? Double)
    #expect(before > 0.2)
    #expect(abs(before - after) < 0.002)
    #expect(ladder[0]["f1"] as? Double == 1)
    #expect(ladder[1]["f1"] as? Double ?? 0 > 0.98)
    #expect(root["name"] as? String == "yolox-nano-fusion")
  }

  @Test(
    "given a model that was made before, when asked for again, then it is made again only if something has changed",
    .enabled(if: isReady, "needs the test data, ONNX Runtime and the model yolox-nano"))
  func ifChanged() throws {
    let space = try workspace(pictures: 3)
    let command = [
      "models", "compress", "yolox-nano", "--calibration", "pictures", "--pictures", "2", "--output", "models",
      "--skip-benchmark", "--if-changed", "--steps", "fusion,float16", "--name", "small",
    ]
    let file = space.path("models/small/small.onnx")
    func made() throws -> Date {
      try #require(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    }
    let first = try Command.run(command, in: space.folder)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("installed"), "\(first.output)")
    let date = try made()
    let second = try Command.run(command, in: space.folder)
    #expect(second.output == "small is up to date\n", "\(second.output)\(second.errors)")
    #expect(try made() == date)
    let other = try Command.run(command + ["--clip", "0.001"], in: space.folder)
    #expect(other.output.contains("installed"), "\(other.output)\(other.errors)")
    #expect(try made() > date)
    // A damaged file is no up-to-date model.
    try Data("damaged".utf8).write(to: URL(fileURLWithPath: file))
    let repaired = try Command.run(command + ["--clip", "0.001"], in: space.folder)
    #expect(repaired.output.contains("installed"), "\(repaired.output)\(repaired.errors)")
  }

  @Test(
    "given a compression at work, when it is interrupted, then it ends at once, and neither models nor files are left",
    .enabled(if: isReady, "needs the test data, ONNX Runtime and the model yolox-nano"))
  func interruption() throws {
    let space = try workspace(pictures: 50)
    let annotations = try #require(TestData.file("data/coco50/instances.json")).path
    try FileManager.default.createDirectory(atPath: space.path("temporary"), withIntermediateDirectories: true)
    let temporary = space.path("temporary")
    func holdsLinks() -> Bool {
      ((try? FileManager.default.contentsOfDirectory(atPath: temporary)) ?? []).contains {
        $0.hasPrefix("edgepipe-eval")
      }
    }
    let moments: [(name: String, signal: Int32, isThere: (Command.Running) -> Bool)] = [
      ("at once", SIGINT, { $0.hasThread(named: "ep-signals") }),
      ("reading pictures", SIGTERM, { $0.hasThread(named: "scale") || $0.hasThread(named: "pictures") }),
      ("evaluating", SIGINT, { _ in holdsLinks() }), ("evaluating, once more", SIGTERM, { _ in holdsLinks() }),
    ]
    for moment in moments {
      let running = try Command.Running(
        [
          "models", "compress", "yolox-nano", "--calibration", "pictures", "--pictures", "25", "--output", "models",
          "--coco", annotations, "--images", "pictures",
        ], in: space.folder, environment: ["TMPDIR": temporary])
      while !moment.isThere(running), running.process.isRunning { usleep(10_000) }
      running.signal(moment.signal)
      let result = try running.finish()
      #expect(result.status == 128 + moment.signal, "\(moment.name): \(result.output)\(result.errors)")
      // Before anything has begun there is nothing to say.
      let isSaid = result.errors.contains("stopped; nothing was written")
      #expect(isSaid || (moment.name == "at once" && result.errors.isEmpty), "\(moment.name): \(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: space.path("models")))
      // The inference library keeps a file of its own there.
      let left = try FileManager.default.contentsOfDirectory(atPath: temporary)
      #expect(!left.contains { $0.hasPrefix("edgepipe") }, "\(moment.name): \(left)")
    }
  }

  @Test(
    "given a camera's shape, when a model is compressed for it, then every row says its input, and commands keep to it",
    .enabled(if: isReady, "needs the test data, ONNX Runtime and the model yolox-nano"))
  func rectangular() throws {
    let space = try workspace(pictures: 6)
    let data = try #require(TestData.file("data/coco50"))
    let annotations = data.appendingPathComponent("instances.json").path
    let result = try Command.run(
      [
        "models", "compress", "yolox-nano", "--calibration", "pictures", "--pictures", "3", "--output", "models",
        "--steps", "fusion,int8,rectangular=1.78", "--skip-benchmark", "--json",
      ], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    // The model for all pictures keeps its name.
    #expect(root["name"] as? String == "yolox-nano-int8-rectangular")
    let ladder = try #require(root["ladder"] as? [[String: Any]])
    #expect(ladder.map { $0["input"] as? String } == ["416x416", "416x416", "416x416", "416x256"])
    #expect(ladder[3]["note"] as? String == "pictures of 416x256 instead of 416x416, 0.62 of the pixels")
    // The weights are those of the integer model.
    #expect(ladder[3]["bytes"] as? Int == ladder[2]["bytes"] as? Int)
    #expect(ladder.allSatisfy { $0["f1"] is Double })

    let manifest = space.path("models/yolox-nano-int8-rectangular/manifest.json")
    let info = try Command.run(["models", "info", manifest], in: space.folder)
    #expect(info.output.contains("input      416x256 only\n"), "\(info.output)")

    // Pictures stand and lie; all are placed in the one input.
    let pipeline = #"""
      { "version": 1, "stages": [
        { "id": "pictures", "type": "source.ffmpeg", "config": { "url": "pictures" } },
        { "id": "scale", "type": "preprocess.letterbox", "after": ["pictures"] },
        { "id": "objects", "type": "detect.yolo", "after": ["scale"], "config": { "model": "\#(manifest)" } },
        { "id": "out", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "out.jsonl" } } ] }
      """#
    try Data(pipeline.utf8).write(to: URL(fileURLWithPath: space.path("pipeline.json")))
    let run = try Command.run(["run", "pipeline.json", "--report", "report.json"], in: space.folder)
    #expect(run.status == 0, "\(run.errors)")
    let report = try object(String(contentsOfFile: space.path("report.json"), encoding: .utf8))
    let models = try #require(report["models"] as? [[String: Any]])
    #expect(models.map { $0["input_sizes"] as? [String] } == [["416x256"]])
    let lines = try String(contentsOfFile: space.path("out.jsonl"), encoding: .utf8).split(separator: "\n")
    let found = try lines.map { try #require(try object(String($0))["detections"] as? [Any]).count }
    #expect(found.count == 6 && found.reduce(0, +) > 0)

    let evaluation = [
      "models", "eval", manifest, "--coco", annotations, "--images", data.appendingPathComponent("images").path,
      "--json",
    ]
    let evaluated = try Command.run(evaluation, in: space.folder)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    #expect((try object(evaluated.output)["model"] as? [String: Any])?["input_sizes"] as? [String] == ["416x256"])
    #expect((try object(evaluated.output)["settings"] as? [String: Any])?["shape"] as? String == "256x416")

    let words = "does not match the model '\(manifest)', which is made for [256, 416]"
    let wrong: [[String]] = [
      ["validate", "pipeline.json", "--set", #"objects.shape="square""#], evaluation + ["--shape", "320x416"],
      ["bench", manifest, "--input", "square", "--batch", "1", "--runs", "1", "--repeats", "1", "--warm-up", "0"],
    ]
    for arguments in wrong {
      let refused = try Command.run(arguments, in: space.folder)
      #expect(refused.status == 78, "\(arguments): \(refused.errors)")
      #expect(refused.errors.contains(words), "\(arguments): \(refused.errors)")
    }
    let bench = try Command.run(
      ["bench", manifest, "--batch", "1", "--runs", "1", "--repeats", "1", "--warm-up", "0"], in: space.folder)
    #expect(bench.output.contains("416x256"), "\(bench.output)\(bench.errors)")
  }

  @Test("given a pipeline whose integer model is not there, when validated, then the error says how to make it")
  func missingModel() throws {
    let space = try Workspace()
    let result = try Command.run(
      ["validate", "pipelines/smart-camera.json"], environment: ["EDGEPIPE_MODELS": space.path("models")])
    #expect(result.status == 78)
    #expect(result.errors.contains("model 'yolov3-tiny-int8' is not installed"), "\(result.errors)")
    #expect(result.errors.contains("edgepipe models pull yolov3-tiny"), "\(result.errors)")
    #expect(result.errors.contains("edgepipe models compress yolov3-tiny --calibration"), "\(result.errors)")
  }

  @Test(
    "given the integer model, when the camera's pipeline is validated, then it says that objects are found in integers",
    .enabled(
      if: Has.model("yolov3-tiny-int8") && Has.model("centerface"), "needs yolov3-tiny-int8: scripts/demo makes it"))
  func validated() throws {
    let result = try Command.run(["validate", "pipelines/smart-camera.json"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("  objects: yolov3-tiny-int8 (int8)\n"), "\(result.output)")
  }
}
