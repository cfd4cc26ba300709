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
    #expect(root["calibration_pictures"] as? Int == 2)
    let ladder = try #require(root["ladder"] as? [[String: Any]])
    #expect(ladder.map { $0["model"] as? String } == ["float32", "float32, passes", "int8"])
    #expect((ladder.last?["bytes"] as? Int ?? .max) < 1_500_000)

    let manifest = space.path("models/yolox-nano-int8/manifest.json")
    let info = try Command.run(["models", "info", manifest], in: space.folder)
    #expect(info.output.contains("int8"), "\(info.output)")
    #expect(info.output.contains("quantized by edgepipe; calibrated on 2 pictures"), "\(info.output)")

    let again = try Command.run(command, in: space.folder)
    #expect(again.status == 64)
    #expect(again.errors.contains("is there already"), "\(again.errors)")
    let twice = try Command.run(
      ["models", "compress", manifest, "--calibration", space.folder.path], in: space.folder)
    #expect(twice.status == 64)
    #expect(twice.errors.contains("int8 already"), "\(twice.errors)")

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
}
