import Foundation
import PipelineTestSupport
import Testing

@Suite("The commands: detect and new")
struct DetectTests {
  private static let images = TestData.file("data/coco50/images")
  private static let clip = TestData.file("data/video/one-by-one-person-detection.mp4")
  private static let isReady = images != nil && clip != nil && Has.ffmpeg && Has.model("yolox-nano")

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// Two pictures in a folder and one second of a clip of people.
  private func inputs(_ space: Workspace) throws {
    let images = try #require(Self.images)
    try FileManager.default.createDirectory(atPath: space.path("pictures"), withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: images.path).sorted().prefix(2) {
      try FileManager.default.copyItem(
        atPath: images.appendingPathComponent(name).path, toPath: space.path("pictures/\(name)"))
    }
    try FFmpeg.make([
      "-ss", "7", "-i", #require(Self.clip).path, "-frames:v", "20", "-an", "-c:v", "libx264", "-preset", "ultrafast",
      space.path("street.mp4"),
    ])
  }

  @Test(
    "given a video and a folder of pictures, when detected, then summary, results and annotated files agree",
    .enabled(if: isReady, "needs the test data, ffmpeg and the model yolox-nano"))
  func both() throws {
    let space = try Workspace()
    try inputs(space)
    let result = try Command.run(
      ["detect", "street.mp4", "pictures", "--model", "yolox-nano", "--save", "out", "--json"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let summary = try object(result.output)
    #expect(summary["frames"] as? Int == 22)
    let model = try #require(summary["model"] as? [String: String])
    #expect(model == ["name": "yolox-nano", "reason": "as given with --model"])
    let inputs = try #require(summary["inputs"] as? [[String: Any]])
    #expect(inputs.map { $0["stream"] as? String } == ["street", "pictures"])
    #expect(inputs.map { $0["kind"] as? String } == ["video", "pictures"])
    #expect(inputs.map { $0["frames"] as? Int } == [20, 2])

    let lines = try space.lines("out/results.jsonl").filter { $0["type"] as? String == "frame" }
    #expect(lines.count == 22)
    let found = lines.flatMap { line in (line["detections"] as? [[String: Any]] ?? []).map { (line, $0) } }
    let people = found.filter { $0.1["label"] as? String == "person" && $0.1["predicted"] == nil }
    let person = try #require((summary["classes"] as? [String: [String: Any]])?["person"])
    #expect(person["detections"] as? Int == people.count && !people.isEmpty)
    #expect(
      person["objects"] as? Int == Set(people.compactMap { $0.1["track"] as? Int }).count,
      "only the video is tracked")
    #expect(people.filter { $0.0["stream"] as? String == "pictures" }.allSatisfy { $0.1["track"] == nil })

    #expect(try FFmpeg.frameCount(space.path("out/street.mp4")) == 20)
    let pictures = try FileManager.default.contentsOfDirectory(atPath: space.path("out/pictures"))
      .filter { $0.hasSuffix(".jpg") }
    #expect(pictures.count == 2)
  }

  @Test(
    "given one picture and no model named, when detected, then the terminal shows the choice, the classes and the files",
    .enabled(if: isReady, "needs the test data, ffmpeg and the model yolox-nano"))
  func onePicture() throws {
    let space = try Workspace()
    try inputs(space)
    let picture = try #require(
      try FileManager.default.contentsOfDirectory(atPath: space.path("pictures")).sorted().first)
    let result = try Command.run(
      ["detect", "pictures/\(picture)", "--save", "out", "--score", "0.2"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("model       yolox-nano"), "\(result.errors)")
    #expect(result.errors.contains("the most accurate installed object model (AP 0.290)"), "\(result.errors)")
    #expect(result.output.contains("frames      1 in "), "\(result.output)")
    #expect(result.output.contains("written     out/pictures"), "\(result.output)")
    let missing = try Command.run(["detect", "nowhere.jpg", "--model", "yolox-nano"], in: space.folder)
    #expect(missing.status == 66 && missing.errors.contains("nowhere.jpg"), "\(missing.errors)")
    let classes = try Command.run(["detect", "street.mp4", "--classes", "persn"], in: space.folder)
    #expect(classes.status == 78 && classes.errors.contains("persn"), "\(classes.errors)")
  }

  @Test("given an empty store and no source of models, when detected, then the error says how to get one")
  func noModel() throws {
    let space = try Workspace()
    let result = try Command.run(
      ["detect", "a.mp4", "--model", "yolox-nano", "--store", "empty"], in: space.folder)
    #expect(result.status == 78, "\(result.errors)")
    #expect(result.errors.contains("edgepipe models pull yolox-nano"), "\(result.errors)")
    #expect(try Command.run(["detect"], in: space.folder).status == 64)
  }

  @Test("given every template, when a new pipeline is written, then it is valid and has the cameras")
  func templates() throws {
    let space = try Workspace()
    let list = try Command.run(["new"], in: space.folder)
    #expect(list.status == 0)
    let names = list.output.split(separator: "\n").dropFirst(2).compactMap { $0.split(separator: " ").first }
    let ready = try FileManager.default.contentsOfDirectory(atPath: TestData.packageRoot.path + "/pipelines")
      .filter { $0.hasSuffix(".json") }.map { $0.dropLast(".json".count) }
    #expect(Set(names) == Set(ready), "each ready pipeline is a template")
    for name in names {
      let written = try Command.run(["new", String(name), "--camera", "rtsp://cam/a \"b\""], in: space.folder)
      #expect(written.status == 0, "\(written.errors)")
      #expect(written.output.contains("edgepipe run \(name).json"))
      let text = try String(contentsOfFile: space.path("\(name).json"), encoding: .utf8)
      #expect(text.contains(#""rtsp://cam/a \"b\"""#) && !text.contains("samples/"))
      let json = try object(text)
      #expect(json["version"] as? Int == 1)
      let valid = try Command.run(
        ["validate", "\(name).json"], in: space.folder, environment: ["CAMERA_2_URL": "rtsp://cam/2"])
      // Models need not be there; everything else must be right.
      #expect(valid.status == 0 || valid.errors.contains("models pull"), "\(name): \(valid.errors)")
    }
  }

  @Test("given what cannot be written, when asked for a new pipeline, then the error says why")
  func refusals() throws {
    let space = try Workspace()
    #expect(try Command.run(["new", "zones", "--output", "z.json"], in: space.folder).status == 0)
    let again = try Command.run(["new", "zones", "--output", "z.json"], in: space.folder)
    #expect(again.status != 0 && again.errors.contains("'z.json' already exists"), "\(again.errors)")
    #expect(try Command.run(["new", "zones", "--output", "z.json", "--force"], in: space.folder).status == 0)
    let unknown = try Command.run(["new", "zone"], in: space.folder)
    #expect(unknown.status == 64 && unknown.errors.contains("did you mean 'zones'?"), "\(unknown.errors)")
    let many = try Command.run(["new", "zones", "--camera", "a", "--camera", "b"], in: space.folder)
    #expect(many.status == 64 && many.errors.contains("one source"), "\(many.errors)")
    let secret = try Command.run(
      ["new", "zones", "--camera", "rtsp://user:secret@cam/1", "--output", "s.json"], in: space.folder)
    #expect(secret.status == 0 && secret.errors.contains("password") && !secret.errors.contains("secret@"))
    let printed = try Command.run(["new", "objects-only", "--output", "-"], in: space.folder)
    #expect(printed.output.contains("${CAMERA_URL}"))
    _ = try object(printed.output)
  }

  @Test("given editors, when they ask for the stage types as JSON, then every option is there with its schema")
  func stagesAsJSON() throws {
    let all = try object(Command.run(["stages", "--json"]).output)
    let stages = try #require(all["stages"] as? [[String: Any]])
    #expect(stages.contains { $0["type"] as? String == "detect.yolo" })
    let one = try object(Command.run(["stages", "analytics.zones", "--json"]).output)
    let options = try #require((one["stages"] as? [[String: Any]])?.first?["options"] as? [[String: Any]])
    let debounce = try #require(options.first { $0["name"] as? String == "debounceS" })
    #expect(debounce["changeable"] as? Bool == true && debounce["default"] as? Double == 0.3)
    #expect((debounce["schema"] as? [String: Any])?["maximum"] as? Double == 60)
    #expect(options.first { $0["name"] as? String == "zones" }?["required"] as? Bool == true)
  }
}
