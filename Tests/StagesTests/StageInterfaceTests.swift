import Foundation
import Testing

@testable import Pipeline
@testable import Stages

/// What the built-in stages say of themselves to the check of the whole pipeline.
@Suite struct StageInterfaceTests {
  private func make(_ type: String, _ config: String) throws -> any Stage {
    let descriptor = try #require(StageRegistry.builtin[type])
    return try descriptor.make(Data(config.utf8), SinkFixture.context("stage"))
  }

  private func wishes(_ type: String, _ config: String) throws -> [NameWish] { try make(type, config).interface.wishes }

  @Test(arguments: ["track.sort", "track.bytetrack"])
  func `given a tracker with labels and stages when asked then both are wished for`(type: String) throws {
    #expect(
      try wishes(type, #"{ "labels": ["car", "person"], "stages": ["objects"] }"#)
        == [.labels(.foundLabels, ["car", "person"], key: "labels"), NameWish(.detectors, ["objects"], key: "stages")])
    let plain = try make(type, "{}").interface
    #expect(plain.wishes.isEmpty && plain.needsDetections)
    #expect(plain.follows == .init(except: ["face"]))
    #expect(try make(type, #"{ "stages": ["faces"] }"#).interface.follows == .init(stages: ["faces"]))
  }

  @Test(arguments: [
    ("analytics.zones", "zone", "[[0, 0], [9, 0], [9, 9]]"), ("analytics.lines", "line", "[[0, 0], [9, 0]]"),
  ])
  func `given zones and lines with names when asked then each wish has its place`(
    type: String, kind: String, points: String
  ) throws {
    let config = """
      { "labels": ["car"], "\(kind)s": [
        { "name": "a", "points": \(points) },
        { "name": "b", "points": \(points), "labels": ["dog"], "streams": ["yard"] } ] }
      """
    #expect(
      try wishes(type, config) == [
        .labels(.trackedLabels, ["car"], key: "labels"),
        .labels(.trackedLabels, ["dog"], key: "\(kind)s[1].labels", asker: "its \(kind) 'b'"),
        NameWish(.streams, ["yard"], key: "\(kind)s[1].streams", asker: "its \(kind) 'b'"),
      ])
    #expect(try make(type, config).interface.needsTracks)
    #expect(try make(type, config).interface.shapes == ["a", "b"])
  }

  @Test func `given a label in another spelling when asked then the usual one does for it`() throws {
    let wish = try #require(try wishes("track.sort", #"{ "labels": ["motorbike"] }"#).first)
    #expect(wish.names.first?.written == "motorbike")
    #expect(wish.names.first?.spellings.contains("motorcycle") == true)
    let follows = try make("track.sort", #"{ "labels": ["motorbike"] }"#).interface.follows
    #expect(follows?.select(from: .only(["motorcycle", "car"])) == .only(["motorcycle"]))
  }

  @Test func `given a detector that finds nothing when asked then it stands for any`() throws {
    #expect(try make("detect.null", "{}").interface.finds == .any)
  }

  @Test func `given sources when asked then they say which other streams may come`() throws {
    let list = FileManager.default.temporaryDirectory.appendingPathComponent("streams-\(UUID().uuidString).txt")
    try "a a.mp4\n".write(to: list, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: list) }
    #expect(try make("source.ffmpeg", #"{ "url": "a.mp4" }"#).interface.otherStreams == .joining)
    #expect(try make("source.ffmpeg", #"{ "list": "\#(list.path)" }"#).interface.otherStreams == .listed)
    #expect(try make("source.synthetic", "{}").interface.otherStreams == .none)
  }

  @Test func `given snapshots of new tracks or labels when asked then they need somebody who makes them`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shots-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let tracks = try make("sink.snapshot", #"{ "folder": "\#(folder.path)", "onNewTrack": true }"#).interface
    #expect(tracks.needsTracks && !tracks.needsDetections)
    let labels = try make("sink.snapshot", #"{ "folder": "\#(folder.path)", "onNewLabel": true }"#).interface
    #expect(labels.needsDetections && !labels.needsTracks)
    #expect(try !make("sink.snapshot", #"{ "folder": "\#(folder.path)", "everyS": 1 }"#).interface.needsTracks)
  }
}
