import Detectors
import Foundation
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeCore
@testable import Measure
@testable import Pipeline

@Suite("Detection without a pipeline file")
struct DetectTests {
  @Test("given inputs of any kind, when named, then every stream has a good name of its own")
  func names() throws {
    let inputs = DetectInputs([
      "clips/street.mp4", "other/street.mp4", "pictures/", "rtsp://user:secret@10.0.0.7:554/live?x=1", "/",
      "Straße 7.mkv",
      "file:///tmp/a.mp4", String(repeating: "x", count: 50) + ".mp4", String(repeating: "x", count: 50) + ".avi",
    ])
    #expect(
      inputs.all.map(\.id) == [
        "street", "street-2", "pictures", "10-0-0-7-554", "input", "Stra-e-7", "a", String(repeating: "x", count: 32),
        String(repeating: "x", count: 30) + "-2",
      ])
    #expect(inputs.all.allSatisfy { !$0.id.contains("secret") })
  }

  @Test("given random texts as inputs, when named, then names are unique and fit a stream", arguments: 0..<20)
  func randomNames(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let letters = Array("ab/.:-_ @?é%7\n")
    let urls = (0..<60).map { _ in
      String((0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in letters.randomElement(using: &random) })
    }
    let ids = DetectInputs(urls).all.map(\.id)
    #expect(Set(ids).count == ids.count)
    for id in ids {
      #expect(
        (1...32).contains(id.utf8.count)
          && id.utf8.allSatisfy {
            "-_".utf8.contains($0) || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
          })
    }
  }

  @Test("given pictures and videos, when told apart, then folders and single pictures are pictures")
  func kinds() throws {
    let folder = try TestData.temporaryFolder("detect")
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["a.jpg", "b.mp4"] {
      try Data([1]).write(to: folder.appendingPathComponent(name))
    }
    let inputs = DetectInputs([
      folder.path, folder.appendingPathComponent("a.jpg").path, folder.appendingPathComponent("b.mp4").path,
      "rtsp://host/cam",
    ])
    #expect(inputs.all.map(\.isPictures) == [true, true, false, false])
  }

  private func store(_ names: [String]) throws -> ModelStore {
    let folder = try TestData.temporaryFolder("choice")
    for name in names {
      var manifest = try #require(
        BuiltinModels.find(name.replacingOccurrences(of: "-int8", with: ""))?.manifest
          ?? BuiltinModels.all.first?.manifest)
      manifest.name = name
      let place = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try JSONEncoder().encode(manifest).write(to: place.appendingPathComponent("manifest.json"))
      try Data().write(to: place.appendingPathComponent(manifest.file))
    }
    return ModelStore(folder: folder)
  }

  @Test(
    "given installed models, when none is named, then the most accurate object model is taken, and the reason says so")
  func choice() throws {
    func choose(_ names: [String], dots: Bool = false) throws -> ModelChoice? {
      let store = try store(names)
      defer { try? FileManager.default.removeItem(at: store.folder) }
      return ModelChoice(store, hasInt8DotProduct: dots)
    }
    #expect(try choose(["yolov3-tiny", "yolox-nano", "centerface"])?.name == "yolox-nano")
    #expect(try choose(["yolov3-tiny", "centerface"])?.reason == "the most accurate installed object model (AP 0.199)")
    #expect(try choose(["yolox-nano", "yolox-nano-int8"])?.name == "yolox-nano")
    #expect(try choose(["yolox-nano", "yolox-nano-int8"], dots: true)?.name == "yolox-nano-int8")
    #expect(try choose(["centerface", "yunet-n"]) == nil)
    #expect(try choose(["mine"])?.reason == "the only installed object model")
    #expect(try choose(["zebra", "mine"])?.name == "mine")
  }

  @Test("given frames with tracks, when counted, then detections, frames and objects of each class are right")
  func tally() throws {
    let tally = DetectionTally()
    let streams = ["a", "b"].map { StreamInfo(id: $0, sourceStage: "in") }
    func frame(_ stream: Int, _ found: [(String, Int?, Float)], predicted: Bool = false) {
      var frame = TestFrames.frame(stream: streams[stream], sequence: 0, clock: ManualClock())
      frame.attach(
        StageResults(
          stage: "objects",
          detections: found.map {
            Detection(
              label: $0.0, classIndex: 0, score: $0.2, box: Box(x: 0, y: 0, width: 1, height: 1), track: $0.1,
              isPredicted: predicted)
          }))
      tally.add(frame)
    }
    frame(0, [("person", 1, 0.5), ("person", 2, 0.9), ("car", nil, 0.4)])
    frame(0, [("person", 2, 0.7)])
    frame(1, [("person", 1, 0.6)])
    frame(1, [("person", 1, 0.6)], predicted: true)
    let classes = tally.classes
    #expect(classes.map(\.label) == ["person", "car"])
    #expect(classes[0].count == .init(detections: 4, frames: 3, objects: 3, bestScore: 0.9))
    #expect(classes[1].count == .init(detections: 1, frames: 1, objects: nil, bestScore: 0.4))
    #expect(tally.frames == 4)
  }
}
