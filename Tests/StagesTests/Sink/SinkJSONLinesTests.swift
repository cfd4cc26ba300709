import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

@Suite struct SinkJSONLinesTests {
  private struct Line: Decodable {
    struct Found: Decodable {
      struct Rectangle: Decodable { var x, y, width, height: Double }
      var label: String
      var `class`: Int
      var score: Double
      var box: Rectangle
      var landmarks: [[Double]]?
      var track: Int?
      var stage: String
    }
    var type: String
    var v: Int
    var stream: String
    var frame: Int
    var pts_s: Double
    var source: String
    var captured_at: String
    var latency_ms: Double
    var width: Int
    var height: Int
    var detections: [Found]
  }

  @Test func `given the frame of the schema when it is written then the line is that of the schema`() {
    let face = Detection(
      label: "face", classIndex: 0, score: 0.99, box: Box(x: 1, y: 2, width: 3, height: 4),
      landmarks: [Point(x: 1.25, y: 2), Point(x: 3, y: 4.126)])
    let person = Detection(
      label: "person", classIndex: 0, score: 0.91, box: Box(x: 10.5, y: 20.1, width: 80, height: 190.2), track: 7)
    let frame = SinkFixture.frame(
      12, seconds: 0.4,
      results: [
        StageResults(stage: "objects", detections: [person]), StageResults(stage: "faces", detections: [face]),
      ])
    var line = JSONLineBuffer()
    let leftOut = line.frameLine(frame, latencyNanoseconds: 31_200_000)
    let expected = """
      {"type":"frame","v":1,"stream":"camera","frame":12,"pts_s":0.4,"source":"samples/street-1080p.mp4",\
      "captured_at":"2026-01-01T00:00:00.400Z","latency_ms":31.2,"width":1920,"height":1080,"detections":[\
      {"label":"person","class":0,"score":0.91,"box":{"x":10.5,"y":20.1,"width":80.0,"height":190.2},"track":7,\
      "stage":"objects"},{"label":"face","class":0,"score":0.99,"box":{"x":1.0,"y":2.0,"width":3.0,"height":4.0},\
      "landmarks":[[1.25,2.0],[3.0,4.13]],"stage":"faces"}]}

      """
    #expect(String(decoding: line.bytes, as: UTF8.self) == expected)
    #expect(leftOut == 0)
  }

  @Test func `given hostile text and numbers when Foundation reads the line then it finds what was written`() throws {
    var random = SinkFixture.Random(seed: 7)
    let pieces = [
      "\"", "\\", "\u{0}", "\u{1F}", "\u{7F}", "\n", "\r\n", "\t", "é", "\u{2028}", "👩‍👩‍👧", "\u{FEFF}", "a", "</s>",
    ]
    var line = JSONLineBuffer()
    for round in 0..<500 {
      let label = (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      let box = Box(
        x: .random(in: -5000...5000, using: &random), y: .random(in: -1...1, using: &random),
        width: .random(in: 0...1e-3, using: &random), height: .random(in: 0...100_000, using: &random))
      let score = Float.random(in: 0...1, using: &random)
      let detection = Detection(
        label: label, classIndex: .random(in: -3...1000, using: &random), score: score, box: box, track: round)
      let frame = SinkFixture.frame(
        round, stream: label, seconds: .random(in: -10...1e6, using: &random),
        results: [StageResults(stage: label, detections: [detection])])
      line.removeAll()
      let latency = Int64.random(in: -1000...10_000_000_000, using: &random)
      _ = line.frameLine(frame, latencyNanoseconds: latency)
      // One line: no raw line end inside, one at the end.
      #expect(line.bytes.filter { $0 == 0x0A }.count == 1 && line.bytes.last == 0x0A)
      let read = try JSONDecoder().decode(Line.self, from: Data(line.bytes))
      let found = try #require(read.detections.first)
      #expect(read.type == "frame" && read.v == 1 && read.stream == label && read.frame == round)
      #expect(found.label == label && found.stage == label && found.class == detection.classIndex)
      #expect(found.track == round && found.landmarks == nil)
      // Half of the last place written, plus what binary fractions of that size cost.
      #expect(abs(found.score - Double(score)) <= 0.000051)
      #expect(abs(found.box.x - Double(box.x)) <= 0.00501 && abs(found.box.y - Double(box.y)) <= 0.00501)
      #expect(abs(found.box.width - Double(box.width)) <= 0.00501)
      #expect(abs(found.box.height - Double(box.height)) <= 0.00501)
      #expect(abs(read.pts_s - frame.header.mediaTime.seconds) <= 0.00000051)
      #expect(abs(read.latency_ms - max(0, Double(latency)) / 1e6) <= 0.00501)
    }
  }

  @Test func `given numbers that are not finite when a line is written then those detections are left out`() throws {
    var broken = SinkFixture.detection(x: .nan, y: 0)
    let infinite = SinkFixture.detection(x: 0, y: 0, landmarks: [Point(x: .infinity, y: 0)])
    let unsure = SinkFixture.detection(x: 0, y: 0, score: .nan)
    broken.label = "nan"
    let good = SinkFixture.detection(x: 1e30, y: -1e30)
    let frame = SinkFixture.frame(
      0, results: [StageResults(stage: "objects", detections: [broken, good, infinite, unsure])])
    var line = JSONLineBuffer()
    #expect(line.frameLine(frame, latencyNanoseconds: .min) == 3)
    let read = try JSONDecoder().decode(Line.self, from: Data(line.bytes))
    #expect(read.detections.map(\.label) == ["person"])
    #expect(read.latency_ms == 0)
  }

  @Test(arguments: [0, 1, -1, 951_782_400, 951_868_800, 1_709_164_799, 4_102_444_800, -62_135_596_800 / 8])
  func `given a wall time when it is written then Foundation's formatter agrees`(seconds: Int64) {
    // Leap days, the century year 2000, the year 2100, and times before 1970.
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    var line = JSONLineBuffer()
    line.timestamp(WallTime(nanoseconds: seconds * 1_000_000_000 + 123_000_000))
    let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds) + 0.1231))
    #expect(String(decoding: line.bytes, as: UTF8.self) == "\"\(expected)\"")
  }

  @Test func `given frames when the sink has run then each has its line and the latency is that of the clock`() throws {
    let folder = try TestData.temporaryFolder("jsonl")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/new/deeper/events.jsonl"
    let context = SinkFixture.context(nowNanoseconds: 5_250_000)
    let sink = try JSONLinesSink(.init(path: path), context: context)
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/new"), "checking must not make anything")
    for _ in 0..<2 {
      // The second run replaces the first one's file.
      let worker = try sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
      for index in 0..<5 { _ = try worker.process(SinkFixture.frame(index)) }
      try worker.finish()
    }
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 5)
    let last = try JSONDecoder().decode(Line.self, from: Data(try #require(lines.last).utf8))
    #expect(last.frame == 4 && last.latency_ms == 5.25)
  }

  @Test func `given an event when it is written then the line has its keys in their order`() {
    let event = FrameEvent(
      stage: "lines", kind: "line.cross", label: "person", track: 7,
      fields: [
        .init("line", .string("a \"gate\"")), .init("dwell_s", .double(1.23456)), .init("bad", .double(.nan)),
        .init("occupied", .bool(true)), .init("nothing", .null), .init("at", .list([.int(-1), .double(2)])),
        .init("totals", .object(["out": .int(2), "in": .int(1)])),
      ])
    var line = JSONLineBuffer()
    line.eventLine(event, of: SinkFixture.frame(12, seconds: 0.4).header)
    line.eventLine(FrameEvent(stage: "zones", kind: "zone.presence"), of: SinkFixture.frame(13, seconds: 0.5).header)
    let expected = """
      {"type":"event","v":1,"kind":"line.cross","stream":"camera","frame":12,"pts_s":0.4,\
      "captured_at":"2026-01-01T00:00:00.400Z","stage":"lines","label":"person","track":7,"line":"a \\"gate\\"",\
      "dwell_s":1.235,"bad":null,"occupied":true,"nothing":null,"at":[-1,2.0],"totals":{"in":1,"out":2}}
      {"type":"event","v":1,"kind":"zone.presence","stream":"camera","frame":13,"pts_s":0.5,\
      "captured_at":"2026-01-01T00:00:00.400Z","stage":"zones"}

      """
    #expect(String(decoding: line.bytes, as: UTF8.self) == expected)
  }

  @Test(arguments: ["all", "events"])
  func `given frames with events when the sink has run then they follow their frame`(
    frames: String
  ) throws {
    let folder = try TestData.temporaryFolder("jsonl-events")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/events.jsonl"
    let sink = try JSONLinesSink(.init(path: path, frames: frames), context: SinkFixture.context())
    let worker = try sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    for index in 0..<4 {
      var frame = SinkFixture.frame(index)
      for number in 0..<index where index != 2 {
        frame.add(FrameEvent(stage: "zones", kind: "zone.enter", track: number))
      }
      _ = try worker.process(frame)
    }
    try worker.finish()
    struct Head: Decodable { var type: String, frame: Int, track: Int? }
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      let head = try JSONDecoder().decode(Head.self, from: Data($0.utf8))
      return "\(head.type) \(head.frame)" + (head.track.map { " \($0)" } ?? "")
    }
    let all = [
      "frame 0", "frame 1", "event 1 0", "frame 2", "frame 3", "event 3 0", "event 3 1", "event 3 2",
    ]
    #expect(lines == (frames == "all" ? all : all.filter { $0.hasPrefix("event") }))
    #expect(sink.facts["lines"] == .int(lines.count) && sink.facts["events"] == .int(4))
  }

  @Test func `given a file cut at any byte when it is appended to then only whole lines remain`() throws {
    let folder = try TestData.temporaryFolder("torn")
    defer { try? FileManager.default.removeItem(at: folder) }
    var buffer = JSONLineBuffer()
    var whole: [UInt8] = []
    for index in 0..<3 {
      buffer.removeAll()
      _ = buffer.frameLine(SinkFixture.frame(index, stream: "a\nb"), latencyNanoseconds: 0)
      whole += buffer.bytes
    }
    let path = folder.path + "/events.jsonl"
    for length in 0...whole.count {
      try Data(whole[..<length]).write(to: URL(fileURLWithPath: path))
      let complete = whole[..<length].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
      do {
        let file = try LineFile(path: path, mode: .append)
        #expect(file.repairedBytes == length - complete)
        try file.write(buffer.bytes)
      }
      let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
      #expect(bytes == Array(whole[..<complete]) + buffer.bytes)
    }
  }

  @Test func `given a tail longer than a chunk when it is repaired then the line before it stays`() throws {
    let folder = try TestData.temporaryFolder("tail")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/events.jsonl"
    let tail = [UInt8](repeating: UInt8(ascii: "x"), count: 200_000)
    try Data(Array("{}\n".utf8) + tail).write(to: URL(fileURLWithPath: path))
    let file = try LineFile(path: path, mode: .append)
    #expect(file.repairedBytes == tail.count)
    try file.write(Array("{\"a\":1}\n".utf8))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "{}\n{\"a\":1}\n")
  }

  @Test func `given a file that is being written when a second sink opens it then it is refused`() throws {
    let folder = try TestData.temporaryFolder("twice")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path + "/events.jsonl"
    let first = try LineFile(path: path, mode: .replace)
    try first.write(Array("{}\n".utf8))
    let error = #expect(throws: PipelineError.self) { try LineFile(path: path, mode: .replace) }
    #expect(error?.exit == .ioError && error?.message.contains(path) == true)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "{}\n")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func `given a full device when a line is written then the error names path and reason`() throws {
    let sink = try JSONLinesSink(.init(path: "/dev/full"), context: SinkFixture.context())
    let worker = try sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    let error = #expect(throws: PipelineError.self) { _ = try worker.process(SinkFixture.frame(0)) }
    #expect(error?.exit == .ioError)
    #expect(error?.message.contains("/dev/full") == true && error?.message.contains("No space left") == true)
  }

  @Test func `given paths that cannot be written when the sink is made then it says so and makes nothing`() throws {
    let folder = try TestData.temporaryFolder("paths")
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data().write(to: folder.appendingPathComponent("file"))
    for (path, exit) in [
      (folder.path, ExitStatus.ioError), (folder.path + "/file/x.jsonl", .ioError), ("", .config),
      ("a\u{0}b", .config), ("/proc/nowhere/x.jsonl", .ioError),
    ] where !(path.hasPrefix("/proc") && getuid() == 0) {
      let error = #expect(throws: PipelineError.self) {
        _ = try JSONLinesSink(.init(path: path), context: SinkFixture.context())
      }
      #expect(error?.exit == exit, "\(path)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
  }

  @Test func `given frames when the null sink takes them then it counts them`() throws {
    let sink = NullSink(NoConfiguration(), context: SinkFixture.context())
    let worker = sink.makeWorker(WorkerContext(index: 0, workerCount: 1))
    let results = [StageResults(stage: "objects", detections: [SinkFixture.detection(x: 0, y: 0)])]
    for index in 0..<3 { _ = try worker.process(SinkFixture.frame(index, results: results)) }
    #expect(sink.facts == ["frames": .int(3), "detections": .int(3)])
  }
}
