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
}
