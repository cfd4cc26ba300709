import EdgepipeCore
import EdgepipePluginHost
import Testing

@Suite struct WireTests {
  private static var answer: PluginAnswer {
    var answer = PluginAnswer()
    var detection = Detection(
      label: "person", classIndex: 3, score: 0.5, box: Box(x: 1, y: 2, width: 3, height: 4),
      landmarks: [Point(x: 5, y: 6)], track: 7)
    detection.isPredicted = true
    answer.results = [.init(stage: nil, detections: [detection]), .init(stage: "objects")]
    answer.events = [PluginEvent(kind: "sight.enter", label: "person", track: 7, fields: #"{"a":1}"#)]
    answer.attachments = [PluginAttachment(name: "org.example.a/1", bytes: [1, 2, 3])]
    answer.source = .init(mediaTime: MediaTime(nanoseconds: 5), captured: MonotonicTime(nanoseconds: 6))
    return answer
  }

  private static let place = SharedPicture(
    facts: .init(format: "gray", width: 64, height: 48, range: .full, matrix: 1),
    planes: [.init(offset: 64, stride: 64, rowBytes: 64, rows: 48)])

  @Test("given an answer, when it is written and read, then everything of it is there")
  func answers() throws {
    let (answer, place) = try Self.roundTrip {
      $0.write(Self.answer, picture: Self.place)
    } read: {
      (reader: inout WireReader) throws(WireFailure) in
      try reader.answer()
    }
    #expect(answer.verdict == .done)
    #expect(answer.results == Self.answer.results)
    #expect(answer.events == Self.answer.events)
    #expect(answer.attachments == Self.answer.attachments)
    #expect(answer.source == Self.answer.source)
    #expect(place == Self.place)
  }

  @Test("given a frame, when it is written and read, then everything of it is there")
  func frames() throws {
    var frame = ProcessFixture.frame(12)
    frame.deadline = MonotonicTime(nanoseconds: 99)
    frame.detections = [.init(stage: "objects", Self.answer.results[0].detections[0])]
    frame.events = Self.answer.events
    frame.attachments = Self.answer.attachments
    let (read, place) = try Self.roundTrip { [frame] in
      $0.write(frame, picture: Self.place)
    } read: {
      (reader: inout WireReader) throws(WireFailure) in
      try reader.frame()
    }
    #expect(read.stream == frame.stream && read.sequence == 12 && read.deadline == frame.deadline)
    #expect(read.mediaTime == frame.mediaTime && read.now == frame.now && read.width == 64 && read.height == 48)
    #expect(read.detections == frame.detections && read.events == frame.events && read.attachments == frame.attachments)
    #expect(place == Self.place)
  }

  @Test(
    "given bytes that are damaged in any way, when they are read as an answer, then that ends, with a result or a failure"
  )
  func damage() throws {
    let memory = try SharedMemory(.pictures, byteCount: 4096)
    var writer = WireWriter()
    writer.write(Self.answer, picture: Self.place)
    let whole = writer.content
    var random = SplitMix64(seed: 1)
    for round in 0..<20_000 {
      var bytes = whole
      for _ in 0...Int(random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      if round % 3 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
      var reader = WireReader(bytes)
      // Whatever it says, a picture is none, or lies in the memory.
      if let (_, place) = try? reader.answer(), let place, place.picture(in: memory) != nil {
        #expect((1...4096).contains(place.byteCount ?? 0))
      }
    }
  }

  @Test(
    "given a place outside of the memory, when the picture is asked for, then there is none",
    arguments: [
      (0, 64, 64, 65), (-64, 64, 64, 1), (0, 64, 65, 1), (0, Int.max, 1, 3), (Int.max, 64, 64, 1),
      (Int.max - 70, 64, 64, 1), (0, 0, 0, 1),
      (4032, 64, 64, 2), (0, 64, 64, 0), (0, -64, 64, 2),
    ])
  func outside(_ offset: Int, _ stride: Int, _ rowBytes: Int, _ rows: Int) throws {
    let memory = try SharedMemory(.pictures, byteCount: 4096)
    var place = Self.place
    place.planes = [.init(offset: offset, stride: stride, rowBytes: rowBytes, rows: rows)]
    #expect(place.picture(in: memory) == nil)
    place.planes = []
    #expect(place.picture(in: memory) == nil)
    place.planes = [.init(offset: 64, stride: 64, rowBytes: 64, rows: 63)]
    #expect(place.picture(in: memory) != nil)
  }

  private static func roundTrip<Value>(
    _ write: (inout WireWriter) -> Void, read: (inout WireReader) throws(WireFailure) -> Value
  ) throws -> Value {
    var writer = WireWriter()
    write(&writer)
    var reader = WireReader(writer.content)
    let value = try read(&reader)
    try reader.finish()
    return value
  }
}
