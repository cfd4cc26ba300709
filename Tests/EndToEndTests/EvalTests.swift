import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: models eval")
struct EvalTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// One object of category 17 in one picture of two, and another category.
  private static let annotations = """
    {"images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}, {"id": 2, "file_name": "b.jpg"}],
     "categories": [{"id": 17, "name": "cat"}, {"id": 90, "name": "dog"}],
     "annotations": [{"id": 1, "image_id": 1, "category_id": 17, "bbox": [0, 0, 10, 10], "area": 100, "iscrowd": 0}]}
    """

  private func workspace(found: String) throws -> Workspace {
    let space = try Workspace()
    try Data(Self.annotations.utf8).write(to: URL(fileURLWithPath: space.path("a.json")))
    try Data(found.utf8).write(to: URL(fileURLWithPath: space.path("found.json")))
    return space
  }

  private static let found = #"[{"image_id": 1, "category_id": 17, "bbox": [0, 0, 10, 8], "score": 0.5}]"#

  @Test("given results of another program, when evaluated, then the figures are those of the boxes' overlap")
  func fromPredictions() throws {
    let space = try workspace(found: Self.found)
    let result = try Command.run(
      ["models", "eval", "--from-predictions", "found.json", "--coco", "a.json", "--json", "--plot", "out/curve.svg"],
      in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    let figures = try #require(root["figures"] as? [String: Any])
    // IoU 0.8: right at the seven thresholds 0.50 to 0.80, wrong at 0.85, 0.90 and 0.95.
    #expect(abs((figures["ap"] as? Double ?? 0) - 0.7) < 1e-12, "\(figures)")
    #expect(figures["ap50"] as? Double == 1)
    #expect(figures["ap_large"] is NSNull)
    #expect(
      Set(figures.keys) == [
        "ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium",
        "ar_large",
      ])
    #expect(Set(root.keys) == ["categories", "dataset", "detections", "figures", "left_out", "predictions"])
    let categories = try #require(root["categories"] as? [[String: Any]])
    #expect(categories.map { $0["id"] as? Int } == [17, 90])
    #expect(categories.map { $0["objects"] as? Int } == [1, 0])
    #expect(try String(contentsOfFile: space.path("out/curve.svg"), encoding: .utf8).hasPrefix("<svg "))

    let text = try Command.run(
      ["models", "eval", "--from-predictions", "found.json", "--coco", "a.json", "--classes", "cat"], in: space.folder)
    #expect(text.status == 0)
    #expect(text.output.contains("AP at IoU 0.50            1.0000\n"), "\(text.output)")
    #expect(text.output.contains("left out  1 category, not in --classes: dog"), "\(text.output)")
  }

  @Test(
    "given what cannot be evaluated, when asked to, then one sentence says why, and the status is that of the cause")
  func refusals() throws {
    let space = try workspace(found: #"[{"image_id": 1, "category_id": 0, "bbox": [0, 0, 1, 1], "score": 0.5}]"#)
    let fromFile = ["models", "eval", "--from-predictions", "found.json", "--coco"]
    let cases: [(arguments: [String], status: Int32, words: String)] = [
      (
        fromFile + ["a.json"], 65,
        "'\(space.path("found.json"))', line 1, column 33: [0].category_id: the dataset has no category 0"
      ),
      (fromFile + ["nowhere.json"], 66, "nowhere.json' does not exist"),
      (fromFile + ["found.json"], 65, "expected an object, found '['"),
      (fromFile + ["a.json", "--plot", "."], 74, "it is a folder"),
      (fromFile + ["a.json", "--images", "."], 64, "omit the model"),
      (fromFile + ["a.json", "--classes", ","], 64, "contains no class"),
      (["models", "eval", "--coco", "a.json"], 64, "Give a model"),
      (["models", "eval", "m", "--images", ".", "--coco", "a.json", "--shape", "1x"], 64, "HEIGHTxWIDTH"),
      (["models", "eval", "m", "--images", ".", "--coco", "a.json", "--iou", "2"], 64, "from 0 to 1"),
      (["models", "eval", "no-such-model", "--images", ".", "--coco", "a.json"], 78, "no-such-model"),
    ]
    for item in cases {
      let result = try Command.run(item.arguments, in: space.folder)
      #expect(result.status == item.status, "\(item.arguments): \(result.errors)")
      #expect(result.errors.contains(item.words), "\(item.arguments): \(result.errors)")
      #expect(result.output.isEmpty)
    }
  }

  private static let hasPictures = TestData.file("data/coco50") != nil

  @Test(
    "given 50 COCO pictures, when a model is evaluated, then every figure is that of pycocotools for its detections",
    .enabled(
      if: hasPictures && TestData.python != nil && Has.model("yolox-nano"),
      "needs the test data, .deps/python and the model yolox-nano"))
  func coco() throws {
    let space = try Workspace()
    let data = try #require(TestData.file("data/coco50"))
    let annotations = data.appendingPathComponent("instances.json")
    let result = try Command.run(
      [
        "models", "eval", "yolox-nano", "--coco", annotations.path, "--images",
        data.appendingPathComponent("images").path,
        "--predictions", "predictions.json", "--json", "--workers", "2",
      ], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let root = try object(result.output)
    let figures = try #require(root["figures"] as? [String: Double])
    // Measured once with pycocotools on detections made with NumPy and OpenCV: 0.2912.
    #expect(abs((figures["ap"] ?? 0) - 0.290) < 0.005, "\(figures)")
    #expect((root["model"] as? [String: Any])?["input_sizes"] as? [String] == ["416x416"])

    try FileManager.default.copyItem(atPath: annotations.path, toPath: space.path("instances.json"))
    let script = TestData.packageRoot.appendingPathComponent("Tests/MeasureTests/Golden/coco_eval.py").path
    let reference = try TestData.run(try #require(TestData.python), [script, space.folder.path])
    #expect(reference.status == 0)
    let expected = try object(String(decoding: reference.output, as: UTF8.self))
    try compare(figures, try #require(expected["figures"] as? [String: Any]), "all")
    let theirs = try #require(expected["categories"] as? [String: [String: Any]])
    let ours = try #require(root["categories"] as? [[String: Any]])
    #expect(ours.count == 80)
    for category in ours {
      let id = "\(category["id"] as? Int ?? 0)"
      try compare(try #require(category["figures"] as? [String: Any]), try #require(theirs[id]), id)
    }

    let again = try Command.run(
      ["models", "eval", "--from-predictions", "predictions.json", "--coco", annotations.path, "--json"],
      in: space.folder)
    #expect(try object(again.output)["figures"] as? [String: Double] == figures)
  }

  /// The same sums in another order; 1e-9 is far above what that changes.
  private func compare(_ ours: [String: Any], _ theirs: [String: Any], _ place: String) throws {
    #expect(Set(ours.keys) == Set(theirs.keys))
    for (figure, value) in ours {
      if let value = value as? Double {
        #expect(abs(value - (theirs[figure] as? Double ?? -1)) < 1e-9, "\(place) \(figure)")
      } else {
        #expect(theirs[figure] is NSNull, "\(place) \(figure)")
      }
    }
  }

  @Test(
    "given pictures that do not fit the annotations, when a model is evaluated, then they are named and nothing is written",
    .enabled(if: hasPictures && Has.model("yolox-nano") && Has.model("yunet-n"), "needs the test data and models"))
  func pictures() throws {
    let space = try workspace(found: "[]")
    let pictures = try #require(TestData.file("data/coco50/images"))
    let picture = pictures.appendingPathComponent("000000005802.jpg")
    for name in ["a.jpg", "b.jpg"] { try FileManager.default.copyItem(atPath: picture.path, toPath: space.path(name)) }
    let command = ["models", "eval", "yolox-nano", "--coco", "a.json", "--images", ".", "--predictions", "out.json"]

    let classes = try Command.run(command, in: space.folder)
    #expect(classes.status == 65)
    #expect(classes.errors.contains("'a.json' has no category 'person', 'bicycle'"), "\(classes.errors)")

    let size = try Command.run(command + ["--classes", "cat"], in: space.folder)
    #expect(size.status == 65)
    #expect(
      size.errors.contains("the picture 'a.jpg' has 640x479 pixels, but 64x48 according to 'a.json'"), "\(size.errors)")

    try Data("no picture".utf8).write(to: URL(fileURLWithPath: space.path("a.jpg")))
    let damaged = try Command.run(command + ["--classes", "cat"], in: space.folder)
    #expect(damaged.status == 65)
    #expect(damaged.errors.contains("error: the picture 'a.jpg' could not be evaluated"), "\(damaged.errors)")
    #expect(!FileManager.default.fileExists(atPath: space.path("out.json")))

    let faces = try Command.run(
      ["models", "eval", "yunet-n", "--coco", "a.json", "--images", "."], in: space.folder)
    #expect(faces.status == 65)
    #expect(faces.errors.contains("has no category 'face', which the model 'yunet-n' detects"), "\(faces.errors)")
  }
}
