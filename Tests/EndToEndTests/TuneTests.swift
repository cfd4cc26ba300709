import Foundation
import PipelineTestSupport
import Testing

@Suite("The command: tune")
struct TuneTests {
  private static let need = "needs the clip, ONNX Runtime and the model yolox-nano"

  @Test(
    "given an interrupt, when a trial runs, then the command ends at once with 130 and writes nothing",
    .enabled(if: Has.clip && TestData.onnxRuntimeLibrary != nil && Has.model("yolox-nano"), "\(need)"))
  func interrupted() throws {
    let space = try Workspace()
    let clip = try #require(TestData.file("data/video/car-detection.mp4")).path
    let file = try space.pipeline(
      """
      { "id": "films", "type": "source.ffmpeg", "config": { "url": "\(clip)" } },
      { "id": "scale", "type": "preprocess.letterbox", "after": ["films"] },
      { "id": "find", "type": "detect.yolo", "after": ["scale"], "config": { "model": "yolox-nano" } },
      { "id": "out", "type": "sink.null", "after": ["find"] }
      """)
    let running = try Command.Running(
      [
        "tune", file, "--deadline", "1000", "--seconds", "600", "--onnxruntime",
        #require(TestData.onnxRuntimeLibrary).path,
      ], in: space.folder)
    // The trial is under way once its detector's worker is there.
    while !running.hasThread(named: "find"), running.process.isRunning { usleep(10_000) }
    running.signal(SIGINT)
    let result = try running.finish()
    #expect(result.status == 130, "\(result.errors)")
    #expect(result.output.isEmpty)
    #expect(!FileManager.default.fileExists(atPath: space.path("tuned.json")))
  }
}
