import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: accuracy")
struct AccuracyTests {
  @Test(
    "given 50 COCO pictures, when run, then detections and AP agree with cv2, ONNX Runtime and numpy",
    .enabled(
      if: TestData.file("data/coco50") != nil && TestData.python != nil && Has.model("yolox-nano"),
      "needs the test data, .deps/python and the model yolox-nano"))
  func coco() throws {
    let space = try Workspace()
    let images = try #require(TestData.file("data/coco50/images")).path
    let file = try space.pipeline(
      """
      { "id": "pictures", "type": "source.ffmpeg", "config": { "url": "\(images)" } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["pictures"] },
      { "id": "objects", "type": "detect.yolo", "after": ["scale"], "workers": 2,
        "config": { "model": "yolox-nano", "shape": "square", "score": 0.001, "iou": 0.65, "maxDetections": 300 } },
      { "id": "out", "type": "sink.jsonl", "after": ["objects"], "config": { "path": "events.jsonl" } }
      """)
    let result = try Command.run(["run", file, "--quiet"], in: space.folder)
    #expect(result.status == 0, "\(result.errors)")
    let script = TestData.packageRoot.appendingPathComponent("Tests/EndToEndTests/Golden/coco_ap.py").path
    let comparison = try TestData.run(
      try #require(TestData.python),
      [
        script, "--events", space.path("events.jsonl"), "--images", images,
        "--annotations", try #require(TestData.file("data/coco50/instances.json")).path,
        "--model", try #require(TestData.model("yolox_nano.onnx")).path,
      ])
    #expect(comparison.status == 0)
    let figures = try #require(try JSONSerialization.jsonObject(with: comparison.output) as? [String: Any])
    // The resizers differ by rounding: swscale's area filter and cv2.INTER_AREA.
    #expect(figures["match_rate"] as? Double ?? 0 >= 0.95, "\(figures)")
    #expect(figures["ap_ratio"] as? Double ?? 0 >= 0.99, "\(figures)")
  }
}
