import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct MOTSinkTests {
  private let folder: URL
  init() throws { folder = try TestData.temporaryFolder("mot-sink") }

  private func path(_ name: String) -> String { folder.path + "/" + name }

  private func sink(_ options: String) throws -> MOTSink {
    try MOTSink(
      JSONDecoder().decode(MOTSink.Configuration.self, from: Data(options.utf8)), context: SinkFixture.context())
  }

  private func worker(_ sink: MOTSink) -> any FrameWorker {
    sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
  }

  private func frame(_ sequence: Int, stream: String, _ detections: [Detection]) -> Frame {
    SinkFixture.frame(sequence, stream: stream, results: [StageResults(stage: "objects", detections: detections)])
  }

  private func box(_ index: Int, _ track: Int?, _ label: String = "person", score: Float = 0.9) -> Detection {
    SinkFixture.detection(label, x: Float(index) * 1.5 + 300 * Float(track ?? 0), y: 20.25, score: score, track: track)
  }

  private struct Figures: Decodable {
    var boxes: [[[Double]]]
    var ids: [[Int]]
    var scores: [[Double]]
    var mota: Double
    var switches: Int
    var idf1: Double
    var hota: Double
  }

  /// Ten frames with two people; the tracker of the second stream changes the number of the first one after five frames
  /// and misses the second one in the last.
  @Test(.enabled(if: TestData.python != nil, "needs .deps/python"))
  func `given tracks when trackeval reads them then boxes and figures are those that are known`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let sink = try sink(#"{ "path": "\#(path("tracks/{stream}.txt"))" }"#)
    let worker = worker(sink)
    var truth = ""
    for index in 0..<10 {
      let people = [box(index, 1), box(index, 2)]
      for person in people {
        let box = person.box
        truth += "\(index + 1),\(person.track ?? 0),\(box.x),\(box.y),\(box.width),\(box.height),1,1,1\n"
      }
      _ = try worker.process(frame(index, stream: "good", people + [box(index, nil)]))
      var first = people[0]
      if index >= 5 { first.track = 3 }
      _ = try worker.process(frame(index, stream: "bad", index == 9 ? [first] : [first, people[1]]))
      _ = try worker.process(frame(index, stream: "none", []))
    }
    try worker.finish()
    for name in ["good", "bad", "none"] {
      try FileManager.default.createDirectory(atPath: path("truth/\(name)/gt"), withIntermediateDirectories: true)
      try truth.write(toFile: path("truth/\(name)/gt/gt.txt"), atomically: false, encoding: .utf8)
    }
    let script = TestData.packageRoot.appendingPathComponent("Tests/StagesTests/Golden/read_mot.py").path
    let result = try TestData.run(try #require(TestData.python), [script, folder.path, "10", "good", "bad", "none"])
    try #require(result.status == 0)
    let read = try JSONDecoder().decode([Figures].self, from: result.output)
    try #require(read.count == 3)
    #expect(read[0].ids == Array(repeating: [1, 2], count: 10) && read[0].scores.allSatisfy { $0 == [0.9, 0.9] })
    #expect(read[0].boxes[3] == [[304.5, 20.25, 80, 160], [604.5, 20.25, 80, 160]])
    #expect(read[0].mota == 1 && read[0].idf1 == 1 && read[0].hota == 1)
    // MOTA = 1 - (missed + false + switches) / boxes of the truth.
    #expect(read[1].switches == 1 && abs(read[1].mota - (1 - 2.0 / 20)) < 1e-9)
    // IDF1 = 2 IDTP / (boxes of the truth + boxes found): one half of the first person, and nine of the second.
    #expect(abs(read[1].idf1 - 2 * 14.0 / (20 + 19)) < 1e-9)
    #expect(read[2].ids.allSatisfy(\.isEmpty) && read[2].mota == 0)
    #expect(sink.facts["untracked"] == .int(10) && sink.facts["rows"] == .int(39))
  }

  @Test func `given a frame when it is written then the row is as MOTChallenge has it`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let sink = try sink(#"{ "path": "\#(path("a.txt"))", "classes": ["person"], "minScore": 0.5 }"#)
    let worker = worker(sink)
    _ = try worker.process(
      frame(
        12, stream: "a",
        [
          SinkFixture.detection(x: 10.5, y: 20.126, score: 0.91, track: 7), box(0, 7), box(0, 8, "car"),
          box(0, 9, score: 0.4), SinkFixture.detection(x: .infinity, y: 0, track: 10),
        ]))
    try worker.finish()
    #expect(try String(contentsOfFile: path("a.txt"), encoding: .utf8) == "13,7,10.5,20.13,80.0,160.0,0.91,-1,-1,-1\n")
    #expect(sink.facts["repeated_ids"] == .int(1) && sink.facts["detections_left_out"] == .int(1))
    let error = #expect(throws: PipelineError.self) { _ = try worker.process(frame(0, stream: "b", [])) }
    #expect(error?.message.contains("'a'") == true && error?.remedy?.contains("{stream}") == true)
  }

  @Test func `given streams with names of one file when they come then each has its own`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let sink = try sink(#"{ "path": "\#(path("{stream}.txt"))" }"#)
    let worker = worker(sink)
    for name in ["a/b", "a:b", "c"] { _ = try worker.process(frame(0, stream: name, [box(0, 1)])) }
    try worker.finish()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a_b-2.txt", "a_b.txt", "c.txt"])
    #expect(sink.files(for: ["c", "d"]).map(\.path) == [path("c.txt"), path("d.txt")])
    #expect(sink.interface.needsTracks)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func `given a full disk when a row is written then the error says so`() throws {
    let worker = worker(try sink(#"{ "path": "/dev/full" }"#))
    let error = #expect(throws: PipelineError.self) { _ = try worker.process(frame(0, stream: "a", [box(0, 1)])) }
    #expect(error?.exit == .ioError && error?.message.contains("No space left") == true)
  }
}
