import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: models prune")
struct PruneTests {
  private static let pictures = TestData.file("data/coco50/images")

  /// Writes a detector of a few convolutions, `tiny.onnx`, and two manifests; prints nothing. `map.json` is for a model
  /// that gives its map as it is, as heads of the YOLOv3 family take it.
  private static let makeModel = """
    import hashlib, json, sys
    import numpy as np, onnx
    from onnx import TensorProto, helper, numpy_helper
    random = np.random.default_rng(1)
    nodes, tensors = [], []
    def convolve(source, name, outputs, inputs, kernel, stride):
        shape = (outputs, inputs, kernel, kernel)
        weights = random.normal(0, (inputs * kernel * kernel) ** -0.5, shape)
        tensors.append(numpy_helper.from_array(weights.astype(np.float32), name + "_w"))
        tensors.append(numpy_helper.from_array(np.full(outputs, 0.1, np.float32), name + "_b"))
        nodes.append(helper.make_node("Conv", [source, name + "_w", name + "_b"], [name], strides=[stride, stride],
                                      kernel_shape=[kernel, kernel]))
    convolve("images", "a", 32, 3, 8, 8)
    nodes.append(helper.make_node("Relu", ["a"], ["a_on"]))
    convolve("a_on", "b", 64, 32, 1, 1)
    nodes.append(helper.make_node("Relu", ["b"], ["b_on"]))
    nodes.append(helper.make_node("Concat", ["a_on", "b_on"], ["c"], axis=1))
    convolve("c", "d", 32, 96, 1, 1)
    nodes.append(helper.make_node("Add", ["a_on", "d"], ["e"]))
    nodes.append(helper.make_node("Concat", ["e", "b_on"], ["f"], axis=1))
    convolve("f", "g", 6, 96, 1, 1)
    tensors.append(numpy_helper.from_array(np.array([1, 6, -1]), "shape"))
    nodes.append(helper.make_node("Reshape", ["g", "shape"], ["flat"]))
    nodes.append(helper.make_node("Transpose", ["flat"], ["output"], perm=[0, 2, 1]))
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 64, 6])
    model = helper.make_model(helper.make_graph(nodes, "tiny", [image], [output], tensors),
                              opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data = model.SerializeToString()
    open("tiny.onnx", "wb").write(data)
    manifest = {"name": "tiny", "head": "yolox", "inputSize": 64, "stride": 32, "classes": ["thing"],
                "file": "tiny.onnx", "sha256": hashlib.sha256(data).hexdigest(), "licence": "none",
                "origin": "a test", "precision": "float32", "input": json.loads(sys.argv[1])}
    json.dump(manifest, open("tiny.json", "w"))
    place = helper.make_tensor_value_info("g", TensorProto.FLOAT, [1, 6, 8, 8])
    model = helper.make_model(helper.make_graph(nodes[:-2], "map", [image], [place], tensors[:-1]),
                              opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data = model.SerializeToString()
    open("map.onnx", "wb").write(data)
    manifest.update(name="map", head="yolov3", file="map.onnx", sha256=hashlib.sha256(data).hexdigest(),
                    anchors=[{"stride": 8, "anchors": [[16, 16]]}])
    json.dump(manifest, open("map.json", "w"))
    """

  @Test("given what cannot be pruned, when asked to, then one sentence says why, and nothing is written")
  func refusals() throws {
    let space = try Workspace()
    let cases: [(arguments: [String], status: Int32, words: String)] = [
      (["no-such-model", "--calibration", "."], 78, "no-such-model"),
      (["yolox-nano"], 64, "--calibration"),
      (["yolox-nano", "--calibration", ".", "--ratio", "1"], 64, "from 0.01 to 0.9"),
      (["yolox-nano", "--calibration", ".", "--pictures", "3"], 64, "4 to 4096"),
      (["yolox-nano", "--calibration", ".", "--method", "random"], 64, "structured"),
      (["yolox-nano", "--calibration", ".", "--curve", "a.svg"], 64, "must be given together"),
    ]
    for item in cases {
      let result = try Command.run(["models", "prune"] + item.arguments, in: space.folder)
      #expect(result.status == item.status, "\(item.arguments): \(result.errors)")
      #expect(result.errors.contains(item.words), "\(item.arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: space.folder.path).isEmpty)
  }

  /// The models, a folder `pictures` of eight pictures, and `instances.json` with a thing in each.
  private func workspace() throws -> Workspace {
    let space = try Workspace()
    let source = try #require(Self.pictures)
    let format =
      #"{"element": "float32", "color": "bgr", "mean": [0, 0, 0], "scale": [0.004, 0.004, 0.004], "#
      + #""placement": "topLeft", "pad": 114}"#
    let folder = space.folder.appendingPathComponent("pictures")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted().prefix(8) {
      try FileManager.default.createSymbolicLink(
        atPath: folder.appendingPathComponent(name).path, withDestinationPath: source.appendingPathComponent(name).path)
    }
    let script = "import os, sys\nos.chdir(sys.argv[2])\n" + Self.makeModel
    let made = try TestData.run(try #require(TestData.python), ["-c", script, format, space.folder.path])
    try #require(made.status == 0, "the model could not be made")
    let known = try Data(contentsOf: source.deletingLastPathComponent().appendingPathComponent("instances.json"))
    let root = try #require(try JSONSerialization.jsonObject(with: known) as? [String: Any])
    let images = try #require(root["images"] as? [[String: Any]]).filter { image in
      FileManager.default.fileExists(atPath: folder.appendingPathComponent(image["file_name"] as? String ?? "").path)
    }
    let things = images.enumerated().map { index, image -> [String: Any] in
      [
        "id": index + 1, "image_id": image["id"] ?? 0, "category_id": 1, "bbox": [9, 9, 90, 90], "area": 8100,
        "iscrowd": 0,
      ]
    }
    let data: [String: Any] = ["categories": [["id": 1, "name": "thing"]], "images": images, "annotations": things]
    try JSONSerialization.data(withJSONObject: data).write(to: URL(fileURLWithPath: space.path("instances.json")))
    return space
  }

  @Test(
    "given pictures, when a model is pruned, then the new one is smaller, known by its origin, and sound",
    .enabled(
      if: pictures != nil && TestData.python != nil && TestData.onnxRuntimeLibrary != nil,
      "needs the test data, .deps/python and ONNX Runtime"))
  func prune() throws {
    let space = try workspace()
    let command = [
      "models", "prune", "tiny.json", "--calibration", "pictures", "--ratio", "0.2", "--output", "models",
      "--skip-benchmark",
    ]
    let result = try Command.run(command + ["--json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(root["name"] as? String == "tiny-pruned")
    #expect(root["calibration_pictures"] as? Int == 8)
    let models = try #require(root["models"] as? [[String: Any]])
    let counts = models.compactMap { $0["multiplications"] as? Double }
    try #require(counts.count == 2)
    // 64 places, at each 32 x 192 + 64 x 32 + 32 x 96 + 6 x 96 = 11840 weights; four fifths of that are 606208.
    #expect(counts[0] == 757_760)
    #expect(counts[1] <= 606_208)
    #expect((root["saved"] as? Double ?? 0) >= 0.2)

    let manifest = space.path("models/tiny-pruned/manifest.json")
    let info = try Command.run(["models", "info", manifest], in: space.folder)
    #expect(info.output.contains("pruned by edgepipe: structured, ratio 0.2"), "\(info.output)")
    let again = try Command.run(command, in: space.folder)
    #expect(again.status == 64)
    #expect(again.errors.contains("already exists"), "\(again.errors)")

    let thinned = try Command.run(
      command + ["--method", "unstructured", "--name", "thin"], in: space.folder)
    #expect(thinned.status == 0, "\(thinned.errors)")
    #expect(thinned.output.contains("unstructured"), "\(thinned.output)")
  }
  private static let curve = [
    "models", "prune", "map.json", "--calibration", "pictures", "--curve", "curve.svg", "--coco", "instances.json",
    "--images", "pictures",
  ]

  @Test(
    "given annotated pictures, when a curve is asked for, then each ratio has its cost and accuracy, and nothing is installed",
    .enabled(
      if: pictures != nil && TestData.python != nil && TestData.onnxRuntimeLibrary != nil,
      "needs the test data, .deps/python and ONNX Runtime"))
  func curve() throws {
    let space = try workspace()
    let result = try Command.run(Self.curve + ["--output", "models", "--json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let rows = try #require(root["curve"] as? [[String: Any]])
    #expect(rows.map { $0["ratio"] as? Double } == [0, 0.1, 0.2, 0.3, 0.5])
    let costs = rows.compactMap { $0["multiplications"] as? Double }
    #expect(costs.first == 757_760 && costs == costs.sorted(by: >), "\(costs)")
    #expect(rows.allSatisfy { $0["ap"] is Double && $0["ap50"] is Double })
    #expect(try String(contentsOfFile: space.path("curve.svg"), encoding: .utf8).contains("multiplications remaining"))
    #expect(!FileManager.default.fileExists(atPath: space.path("models")))
    let table = try Command.run(Self.curve, in: space.folder)
    #expect(table.output.hasPrefix("ratio  multiplications"), "\(table.output)")
    #expect(table.output.contains("\ncalibrated  on 8 pictures"), "\(table.output)")
    #expect(table.output.contains("\nevaluated   on 8 pictures, instances.json\n"), "\(table.output)")
    #expect(table.output.hasSuffix("\nwritten     curve.svg\n"), "\(table.output)")
  }

  @Test(
    "given a curve at work, when it is interrupted while it evaluates, then no files are left",
    .enabled(
      if: pictures != nil && TestData.python != nil && TestData.onnxRuntimeLibrary != nil,
      "needs the test data, .deps/python and ONNX Runtime"))
  func interruption() throws {
    let space = try workspace()
    let temporary = space.path("temporary")
    try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
    func left() -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: temporary)) ?? []).filter { $0.hasPrefix("edgepipe") }
    }
    let running = try Command.Running(Self.curve, in: space.folder, environment: ["TMPDIR": temporary])
    // The second evaluation is that of a model which is nowhere else.
    for wanted in [true, false, true] {
      while left().isEmpty == wanted, running.process.isRunning { usleep(2_000) }
    }
    running.signal(SIGTERM)
    let result = try running.finish()
    #expect(result.status == 128 + SIGTERM, "\(result.output)\(result.errors)")
    #expect(left().isEmpty, "\(left())")
    #expect(!FileManager.default.fileExists(atPath: space.path("curve.svg")))
  }
}
