import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct COCOSinkTests {
  private let folder: URL
  init() throws { folder = try TestData.temporaryFolder("coco-sink") }

  private func path(_ name: String) -> String { folder.path + "/" + name }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }

  private func sink(_ options: String) throws -> COCOSink {
    try COCOSink(
      JSONDecoder().decode(COCOSink.Configuration.self, from: Data(options.utf8)), context: SinkFixture.context())
  }

  private func worker(_ sink: COCOSink, failed: Bool = false) throws -> any FrameWorker {
    try sink.makeWorker(WorkerContext(index: 0, workerCount: 1) { failed })
  }

  private func frame(_ sequence: Int, stream: String = "camera", _ detections: [Detection]?) -> Frame {
    SinkFixture.frame(
      sequence, stream: stream, results: detections.map { [StageResults(stage: "objects", detections: $0)] } ?? [])
  }

  private func picture(_ source: String, _ detections: [Detection]) -> Frame {
    let header = FrameHeader(
      stream: StreamInfo(id: "photos", sourceStage: "source"), sequence: 0, mediaTime: MediaTime(nanoseconds: 0),
      captured: MonotonicTime(nanoseconds: 0), capturedWall: WallTime(nanoseconds: 0), source: source, width: 640,
      height: 480)
    var frame = Frame(header: header, image: nil)
    frame.attach(StageResults(stage: "objects", detections: detections))
    return frame
  }

  private struct Read: Decodable {
    struct Image: Decodable, Equatable {
      var id: Int
      var file_name: String
      var width: Int
      var height: Int
      var stream: String?
      var frame: Int?
    }

    struct Annotation: Decodable {
      var image: Int
      var name: String
      var bbox: [Double]
      var score: Double
    }

    var images: [Image]?
    var annotations: [Annotation]
    var names: [String]?
    var ap50: Double?
  }

  private func pycocotools(_ arguments: [String]) throws -> Read {
    let script = TestData.packageRoot.appendingPathComponent("Tests/StagesTests/Golden/read_coco.py").path
    let result = try TestData.run(try #require(TestData.python), [script] + arguments)
    try #require(result.status == 0)
    return try JSONDecoder().decode(Read.self, from: result.output)
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func `given frames of two streams when pycocotools reads the dataset then everything is in it`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let sink = try sink(#"{ "path": "\#(path("new/found.json"))" }"#)
    let worker = try worker(sink)
    let broken = SinkFixture.detection(x: .nan, y: 0)
    for index in 0..<40 {
      // So much that it goes to the disk before the end.
      let found = (0..<60).map { SinkFixture.detection("person", x: Float($0), y: 2, score: 0.5, track: $0) }
      _ = try worker.process(frame(index, found + [SinkFixture.detection("c\"ar", x: 7, y: 8), broken]))
      _ = try worker.process(frame(index, stream: "yard/2", index == 0 ? [] : nil))
    }
    try worker.finish()
    let read = try pycocotools(["dataset", path("new/found.json")])
    #expect(read.annotations.count == 40 * 61 && read.names == ["person", "c\"ar"])
    #expect(
      read.images?.prefix(2) == [
        .init(id: 1, file_name: "camera/000001.jpg", width: 1920, height: 1080, stream: "camera", frame: 0),
        .init(id: 2, file_name: "yard/2/000001.jpg", width: 1920, height: 1080, stream: "yard/2", frame: 0),
      ])
    #expect(read.images?.count == 41)
    #expect(read.annotations[1].bbox == [1, 2, 80, 160] && read.annotations[1].score == 0.5)
    #expect(Set(read.annotations.map(\.image)) == Set(1...41).subtracting([2]))
    #expect(sink.facts["detections_left_out"] == .int(40) && sink.facts["annotations"] == .int(40 * 61))
    #expect(try FileManager.default.contentsOfDirectory(atPath: path("new")) == ["found.json"])
  }

  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func `given a dataset as truth when pycocotools reads the results then the ids are those of the dataset`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let truth = """
      { "images": [ { "id": 139, "file_name": "val/a.jpg", "width": 640, "height": 480 },
                    { "id": 7, "file_name": "b.png", "width": 640, "height": 480 } ],
        "annotations": [
          { "id": 1, "image_id": 139, "category_id": 18, "bbox": [10, 20, 80, 160], "area": 12800, "iscrowd": 0 },
          { "id": 2, "image_id": 7, "category_id": 4, "bbox": [30, 40, 80, 160], "area": 12800, "iscrowd": 0 } ],
        "categories": [ { "id": 4, "name": "motorcycle" }, { "id": 18, "name": "dog" } ] }
      """
    try truth.write(toFile: path("truth.json"), atomically: false, encoding: .utf8)
    let sink = try sink(
      #"{ "path": "\#(path("results.json"))", "truth": "\#(path("truth.json"))", "minScore": 0.4 }"#)
    let worker = try worker(sink)
    _ = try worker.process(
      picture(
        "a.jpg", [SinkFixture.detection("dog", x: 10, y: 20), SinkFixture.detection("dog", x: 9, y: 9, score: 0.3)]))
    _ = try worker.process(
      picture("b.png", [SinkFixture.detection("motorbike", x: 30, y: 40), SinkFixture.detection("cat", x: 1, y: 1)]))
    _ = try worker.process(picture("unknown.jpg", [SinkFixture.detection("dog", x: 1, y: 1)]))
    try worker.finish()
    let read = try pycocotools(["results", path("truth.json"), path("results.json")])
    #expect(read.annotations.map(\.image) == [139, 7] && read.annotations.map(\.name) == ["dog", "motorcycle"])
    // A mean over recall levels, so that the last digits may differ from 1.
    #expect(abs((read.ap50 ?? 0) - 1) < 1e-9)
    #expect(sink.facts["unknown_images"] == .int(1) && sink.facts["unknown_labels"] == .int(1))
    #expect(sink.files(for: ["x"]).map(\.path) == [path("results.json"), path("truth.json")])
  }

  @Test func `given a dataset that is not there or none when the sink begins then it says so`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let missing = #expect(throws: PipelineError.self) {
      _ = try sink(#"{ "path": "\#(path("a.json"))", "truth": "\#(path("no.json"))" }"#)
    }
    #expect(missing?.exit == .noInput && missing?.message.contains("no.json") == true)
    try "[1, 2]".write(toFile: path("list.json"), atomically: false, encoding: .utf8)
    let wrong = #expect(throws: PipelineError.self) {
      _ = try worker(sink(#"{ "path": "\#(path("a.json"))", "truth": "\#(path("list.json"))" }"#))
    }
    #expect(wrong?.message.contains("list.json") == true && wrong?.remedy != nil)
    #expect(try names() == ["list.json"])
  }

  @Test func `given an old file when the run has not ended then it is still there, and then the new one`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "old".write(toFile: path("real.json"), atomically: false, encoding: .utf8)
    try FileManager.default.createSymbolicLink(atPath: path("found.json"), withDestinationPath: "real.json")
    let options = #"{ "path": "\#(path("found.json"))" }"#
    var first: (any FrameWorker)? = try worker(sink(options))
    #expect(throws: PipelineError.self, "a second writer") { _ = try worker(sink(options)) }
    _ = try first?.process(frame(0, [SinkFixture.detection(x: 1, y: 1)]))
    #expect(try String(contentsOfFile: path("real.json"), encoding: .utf8) == "old")
    // A run that breaks off leaves nothing of its own.
    first = nil
    #expect(try names() == ["found.json", "real.json"])
    let second = try worker(sink(options))
    _ = try second.process(frame(0, [SinkFixture.detection(x: 1, y: 1)]))
    try second.finish()
    #expect(try names() == ["found.json", "real.json"])
    #expect(try String(contentsOfFile: path("real.json"), encoding: .utf8).hasPrefix("{\"annotations\":["))
    // What a process that was killed has left is written over.
    try "half".write(toFile: path(".real.json.part"), atomically: false, encoding: .utf8)
    let third = try worker(sink(options))
    _ = try third.process(frame(0, []))
    try third.finish()
    #expect(try names() == ["found.json", "real.json"])
    let text = try String(contentsOfFile: path("real.json"), encoding: .utf8)
    #expect(text.hasPrefix("{\"annotations\":[\n],") && !text.contains("half"))
  }

  @Test
  func `given a run that fails before a frame comes when it ends then the old file stays, else an empty one comes`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    try "old".write(toFile: path("found.json"), atomically: false, encoding: .utf8)
    let options = #"{ "path": "\#(path("found.json"))" }"#
    try worker(sink(options), failed: true).finish()
    #expect(try String(contentsOfFile: path("found.json"), encoding: .utf8) == "old")
    try worker(sink(options)).finish()
    let read = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path("found.json"))))
        as? [String: Any])
    #expect(Set(read.keys) == ["images", "annotations", "categories"])
    #expect(try names() == ["found.json"])
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func `given a full disk when the file is written then the error says so and what helps`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let worker = try worker(sink(#"{ "path": "/dev/full" }"#))
    _ = try worker.process(frame(0, [SinkFixture.detection(x: 1, y: 1)]))
    let error = #expect(throws: PipelineError.self) { try worker.finish() }
    #expect(error?.exit == .ioError && error?.message.contains("No space left") == true)
    #expect(error?.remedy?.contains("free space") == true)
  }
}
