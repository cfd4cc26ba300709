@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite struct SinkSnapshotTests {
  private struct Entry: Decodable {
    var type: String
    var v: Int
    var kind: String
    var stream: String
    var frame: Int
    var pts_s: Double
    var file: String
    var reason: String
    var label: String?
    var track: Int?
    var event: String?
  }

  private func run(_ configuration: SnapshotSink.Configuration, _ frames: [Frame]) throws -> [Entry] {
    let sink = try SnapshotSink(configuration, context: SinkFixture.context("pictures"))
    let worker = try sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for frame in frames { _ = try worker.process(frame) }
    try worker.finish()
    return try String(contentsOfFile: configuration.folder + "/index.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
  }

  private func frame(_ index: Int, _ detections: [Detection] = [], stream: String = "camera") throws -> Frame {
    SinkFixture.frame(
      index, stream: stream, width: 64, height: 48, image: try SinkFixture.picture(width: 64, height: 48),
      results: [StageResults(stage: "objects", detections: detections)])
  }

  private func files(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func `given an interval when frames pass then pictures come by media time`() throws {
    let folder = try TestData.temporaryFolder("every")
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = SnapshotSink.Configuration(folder: folder.path + "/p")
    configuration.everyS = 1
    let entries = try run(configuration, (0..<75).map { try frame($0) })
    #expect(entries.map(\.frame) == [0, 30, 60])
    #expect(entries.map(\.file) == ["camera-000001.jpg", "camera-000002.jpg", "camera-000003.jpg"])
    #expect(entries.allSatisfy { $0.type == "event" && $0.v == 1 && $0.kind == "snapshot" && $0.reason == "interval" })
    #expect(
      try files(folder.appendingPathComponent("p"))
        == ["camera-000001.jpg", "camera-000002.jpg", "camera-000003.jpg", "index.jsonl"])
    let bytes = try SinkFixture.rgb(folder.path + "/p/camera-000001.jpg")
    try #require(bytes.count == 64 * 48 * 3)
    // The picture is a grey ramp of luma 16 + x in limited range: (y - 16) * 255 / 219 in full range. JPEG at this
    // quality keeps a ramp within a few levels.
    for x in [5, 20, 40, 60] {
      let pixel = bytes[(24 * 64 + x) * 3..<(24 * 64 + x) * 3 + 3]
      for channel in pixel { #expect(abs(Double(channel) - Double(x) * 255 / 219) <= 6) }
    }
  }

  @Test func `given new tracks and labels when they are seen then each gives one picture`() throws {
    let folder = try TestData.temporaryFolder("tracks")
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = SnapshotSink.Configuration(folder: folder.path)
    configuration.onNewTrack = true
    configuration.onNewLabel = true
    configuration.format = "png"
    func seen(_ label: String, _ track: Int?) -> Detection {
      SinkFixture.detection(label, x: 5, y: 5, width: 20, height: 20, track: track)
    }
    let entries = try run(
      configuration,
      [
        frame(0), frame(1, [seen("person", nil)]), frame(2, [seen("person", 1)]), frame(3, [seen("person", 1)]),
        frame(4, [seen("person", 1), seen("car", 2), seen("car", 3)]), frame(5, [seen("car", 3), seen("car", 2)]),
        frame(6, [seen("person", 1)], stream: "other"),
      ])
    #expect(entries.map(\.frame) == [1, 2, 4, 6])
    #expect(entries.map(\.reason) == ["label", "track", "track", "track"])
    #expect(entries.map(\.track) == [nil, 1, 2, 1])
    #expect(entries.map(\.label) == ["person", "person", "car", "person"])
    #expect(
      try files(folder) == [
        "camera-000001.png", "camera-000002.png", "camera-000003.png", "index.jsonl", "other-000001.png",
      ])
    #expect(try SinkFixture.rgb(folder.path + "/other-000001.png").count == 64 * 48 * 3)
  }

  @Test func `given events when frames have them then those of the kinds asked for give one picture each`() throws {
    let folder = try TestData.temporaryFolder("events")
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = SnapshotSink.Configuration(folder: folder.path)
    configuration.onEvents = ["fault", "zone.enter"]
    func frame(_ index: Int, _ kinds: String..., label: String? = nil) throws -> Frame {
      var frame = try self.frame(index)
      for kind in kinds { frame.add(FrameEvent(stage: "watch", kind: kind, label: label)) }
      return frame
    }
    let entries = try run(
      configuration,
      [frame(0), frame(1, "recovered"), frame(2, "recovered", "fault"), frame(3, "zone.enter", "fault", label: "car")]
        + (4..<600).map { try frame($0) })
    #expect(entries.map(\.frame) == [2, 3], "and none by the usual interval")
    #expect(entries.map(\.reason) == ["event", "event"])
    #expect(entries.map(\.event) == ["fault", "zone.enter"] && entries.map(\.label) == [nil, "car"])
  }

  @Test func `given more pictures than allowed when the run is repeated then the oldest of ours go`() throws {
    let folder = try TestData.temporaryFolder("limit")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data().write(to: folder.appendingPathComponent("holiday-000001.jpg"))
    var configuration = SnapshotSink.Configuration(folder: folder.path)
    configuration.everyS = 0.01
    configuration.maxFiles = 3
    _ = try run(configuration, (0..<5).map { try frame($0) })
    #expect(
      try files(folder)
        == ["camera-000003.jpg", "camera-000004.jpg", "camera-000005.jpg", "holiday-000001.jpg", "index.jsonl"])
    let entries = try run(configuration, (0..<2).map { try frame($0) })
    #expect(entries.count == 7)
    #expect(
      try files(folder)
        == ["camera-000005.jpg", "camera-000006.jpg", "camera-000007.jpg", "holiday-000001.jpg", "index.jsonl"])
  }

  @Test func `given an index that names other places when it is read then those are left alone`() throws {
    let folder = try TestData.temporaryFolder("index")
    defer { try? FileManager.default.removeItem(at: folder) }
    let outside = folder.appendingPathComponent("x-000001.jpg")
    try Data().write(to: outside)
    let inner = folder.appendingPathComponent("p")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    try Data("{\"file\":\"../x-000001.jpg\"}\nnoise\n{\"file\":\"y-99999999999999999999.jpg\"}\n{\"fi".utf8)
      .write(to: inner.appendingPathComponent("index.jsonl"))
    let pictures = try SnapshotFolder(path: inner.path, limit: 1)
    #expect(pictures.count == 0)
    for _ in 0..<3 {
      let name = pictures.nextName(stream: "../../x", fileExtension: "jpg")
      try pictures.add([1], name: name, line: Array("{\"file\":\"\(name)\"}\n".utf8))
    }
    #expect(FileManager.default.fileExists(atPath: outside.path))
    #expect(try files(inner) == ["_._.._x-000003.jpg", "index.jsonl"])
  }
}
