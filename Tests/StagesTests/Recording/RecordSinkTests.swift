@testable import EdgepipeCore
import Foundation
@testable import Pipeline
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import Stages

@Suite("sink.record", .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct RecordSinkTests {
  private func sink(
    _ folder: String, _ log: LogLines = LogLines(), _ configure: (inout RecordSink.Configuration) -> Void = { _ in }
  ) throws -> RecordSink {
    var configuration = RecordSink.Configuration(folder: folder)
    configure(&configuration)
    return try RecordSink(
      configuration,
      context: StageContext(
        id: "record", clock: SystemClock(), logger: log.logger(), framesInFlight: 4, threads: ThreadCensus()))
  }

  @Test(
    "given a film, when recorded in segments, then together they hold its packets, each from a key frame on, and they play"
  )
  func segments() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder) { $0.segmentS = 3 })
    let recordings = try RecordingFixture.recordings(folder)
    #expect(recordings.count == 4)
    #expect(try recordings.flatMap { try RecordingFixture.packets($0 + ".mp4") } == RecordingFixture.packets(film))
    for (index, recording) in recordings.enumerated() {
      #expect(try RecordingFixture.complaints(recording + ".mp4") == "")
      #expect(try RecordingFixture.probe(recording + ".mp4", "codec_tag_string") == "avc1")
      #expect(try RecordingFixture.probe(recording + ".mp4", "codec_name", stream: "a:0") == "aac")
      let facts = try RecordingFixture.json(recording)
      #expect(facts["complete"] as? Bool == true && facts["codec"] as? String == "h264")
      #expect(facts["ended_by"] as? String == (index == 3 ? "end" : "time"))
      #expect((facts["packets"] as? [String: Int])?["video"] == (index == 3 ? 25 : 75))
      #expect(facts["file"] as? String == URL(fileURLWithPath: recording).lastPathComponent + ".mp4")
      #expect(facts["stream"] as? String == "camera" && facts["plays_in_browsers"] as? String == "yes")
    }
  }

  @Test("given packets with start codes, as cameras send them, when recorded, then the file holds the same parts")
  func annexB() throws {
    let film = try RecordingFixture.film("record.ts"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder))
    let recording = try #require(RecordingFixture.recordings(folder).first) + ".mp4"
    #expect(try RecordingFixture.units(recording) == RecordingFixture.units(film))
    #expect(try RecordingFixture.complaints(recording) == "")
    // Sound whose parameters come with each packet has them in the file's description now.
    #expect(try RecordingFixture.probe(recording, "codec_name,sample_rate", stream: "a:0") == "aac,48000")
    #expect(abs(try RecordingFixture.tone(recording) - 440) < 5)
  }

  @Test(
    "given HEVC, when recorded, then its tag is hvc1, its pictures are the same, and it is said not to play everywhere")
  func hevc() throws {
    let film = try MediaFixtures.path("hevc.mp4"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder))
    let recording = try #require(RecordingFixture.recordings(folder).first)
    #expect(try RecordingFixture.probe(recording + ".mp4", "codec_tag_string") == "hvc1")
    #expect(
      try RecordingFixture.packets(recording + ".mp4", filter: "hevc_mp4toannexb")
        == RecordingFixture.packets(film, filter: "hevc_mp4toannexb"))
    #expect(try RecordingFixture.json(recording)["plays_in_browsers"] as? String == "some")
  }

  @Test(
    "given G.711, when recorded, then it is AAC with the same tone and length", arguments: ["pcm_alaw", "pcm_mulaw"])
  func g711(codec: String) throws {
    let film = try RecordingFixture.film("\(codec).mkv", audio: ["-c:a", codec, "-ar", "8000", "-ac", "1"])
    let folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder))
    let recording = try #require(RecordingFixture.recordings(folder).first)
    #expect(
      try RecordingFixture.probe(recording + ".mp4", "codec_name,sample_rate,channels", stream: "a:0") == "aac,8000,1")
    #expect(abs(try RecordingFixture.tone(recording + ".mp4") - 440) < 5)
    #expect(try RecordingFixture.complaints(recording + ".mp4") == "")
    let facts = try RecordingFixture.json(recording)
    #expect((facts["audio"] as? [String: String])?["from"] == codec)
    // Ten seconds of frames of 1024 samples; the last one may be missing.
    let count = try #require((facts["packets"] as? [String: Int])?["audio"])
    #expect((75...79).contains(count))
  }

  @Test(
    "given sound that MP4 players do not know, or that nobody wants, when recorded, then it is left out, and the file says so"
  )
  func leftOut() throws {
    let film = try RecordingFixture.film("record-mp2.mkv", audio: ["-c:a", "mp2"])
    let aac = try RecordingFixture.film("record.mp4")
    for (film, wanted) in [(film, true), (aac, false)] {
      let folder = try RecordingFixture.folder()
      try RecordingFixture.run(film, sink(folder) { $0.audio = wanted })
      let recording = try #require(RecordingFixture.recordings(folder).first)
      #expect(try RecordingFixture.probe(recording + ".mp4", "codec_name", stream: "a:0") == "")
      #expect(try RecordingFixture.json(recording)["audio_left_out"] as? String == (wanted ? "mp2" : nil))
    }
  }

  @Test("given pictures that MP4 cannot hold, when recorded, then it is said once, and the frames go on")
  func refused() throws {
    let film = try MediaFixtures.make(
      "raw.avi",
      ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=5:duration=1", "-c:v", "rawvideo", "-pix_fmt", "yuv420p"])
    let folder = try RecordingFixture.folder(), log = LogLines()
    let sink = try sink(folder, log)
    #expect(try RecordingFixture.run(film, sink).frames.count == 5)
    #expect(log.all.count { $0.contains("'camera' is not recorded: MP4 files cannot hold rawvideo") } == 1)
    #expect(sink.facts["refused"] == .object(["camera": .string("MP4 files cannot hold rawvideo")]))
  }

  @Test("given a turned film, when recorded, then it stays turned")
  func turned() throws {
    let folder = try RecordingFixture.folder()
    try RecordingFixture.run(MediaFixtures.path("rotated-90.mp4"), sink(folder))
    let recording = try #require(RecordingFixture.recordings(folder).first)
    let turn = try SinkFixture.ffprobe([
      "-show_entries", "stream_side_data=rotation", "-of", "csv=p=0", recording + ".mp4",
    ])
    #expect(["90", "-90"].contains(turn), "\(turn)")
  }

  @Test("given more than may be kept, when recorded, then the oldest go, and files of others stay")
  func quota() throws {
    let film = try MediaFixtures.make(
      "large.mp4",
      [
        "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=8,noise=alls=60:allf=t", "-pix_fmt", "yuv420p",
        "-c:v",
        "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0", "-crf", "30",
      ])
    let folder = try RecordingFixture.folder()
    try FileManager.default.createDirectory(atPath: folder + "/camera", withIntermediateDirectories: true)
    try Data(count: 5000).write(to: URL(fileURLWithPath: folder + "/camera/20200101T000000.000Z.mp4"))
    try Data(count: 5000).write(to: URL(fileURLWithPath: folder + "/camera/holiday.mp4"))
    let sink = try sink(folder) { ($0.segmentS, $0.maxMB, $0.ringMB) = (1, 8, 64) }
    try RecordingFixture.run(film, sink)
    let size = try #require(try FileManager.default.attributesOfItem(atPath: film)[.size] as? Int)
    try #require(size > 16 << 20, "the film is larger than what may be kept")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/camera")
    #expect(names.contains("holiday.mp4") && !names.contains("20200101T000000.000Z.mp4"))
    let kept = try names.filter { $0 != "holiday.mp4" }.reduce(0) {
      try $0 + (FileManager.default.attributesOfItem(atPath: "\(folder)/camera/\($1)")[.size] as? Int ?? 0)
    }
    #expect(kept <= 8 << 20 && kept > 1 << 20, "\(kept)")
    #expect(Set(names.filter { $0.hasSuffix(".mp4") && $0 != "holiday.mp4" }.map { $0.dropLast(4) }).count >= 1)
    #expect(names.count { $0.hasSuffix(".json") } == names.count { $0.hasSuffix(".mp4") } - 1)
    if case .int(let removed)? = sink.facts["removed"] { #expect(removed >= 2) } else { Issue.record("no fact") }
  }

  @Test(
    "given a place that takes nothing, when it does again, then recording goes on after a pause, and the packets between are counted"
  )
  func unwritable() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    let packets = try Self.packets(of: film)
    let first = try #require(packets.first)
    let clock = ManualClock(), counts = RecordingCounts(), log = LogLines()
    let context = StageContext(
      id: "record", clock: clock, logger: log.logger(), framesInFlight: 4, threads: ThreadCensus())
    let store = RecordingStore(
      .segment, RecordingSettings(folder: folder, maxMB: 100), counts: counts, context: context)
    let stream = StreamInfo(id: "camera", sourceStage: "camera")
    try Data().write(to: URL(fileURLWithPath: folder + "/camera"))
    #expect(store.open(stream, first: first) == nil)
    try FileManager.default.removeItem(atPath: folder + "/camera")
    #expect(store.open(stream, first: first) == nil, "not before the pause is over")
    clock.advance(milliseconds: RecordingStore.pauseMilliseconds)
    let file = try #require(store.open(stream, first: first))
    for packet in packets { #expect(store.write(packet, to: file)) }
    store.close(file, .end)
    #expect(counts.values.failedWrites == 1 && counts.values.complete == 1)
    #expect(log.all.count { $0.contains("is recorded for now") } == 1)
    #expect(log.all.count { $0.contains("goes on") } == 1)
    #expect(try RecordingFixture.packets(#require(RecordingFixture.recordings(folder).first) + ".mp4").count == 250)
  }

  @Test(
    "given a recorder that does not read, when a film comes, then the ring holds what it may, from a key frame on, and says what went"
  )
  func slow() throws {
    let film = try RecordingFixture.film("record.mp4")
    let ring = try Self.ring(of: film, bytes: 150_000)
    let batch = ring.read(from: 0, count: .max)
    #expect(batch.lost > 100 && !batch.packets.isEmpty)
    #expect(batch.packets.first?.isKey == true && batch.packets.first?.isVideo == true)
    #expect(batch.packets.reduce(0) { $0 + $1.packet.bytes } <= 150_000)
    #expect(batch.hasEnded)
  }

  /// Keeps what comes, and reads nothing.
  private final class Keeper: FrameStage, PacketRecorder {
    static let type = "sink.keeper"
    static let summary = ""
    static let role = StageRole.sink
    let packetBytes: Int
    let wantsAudio = true
    let ring = Mutex<StreamPackets?>(nil)

    init(_ configuration: NoConfiguration, context: StageContext) { packetBytes = 1 << 30 }
    init(bytes: Int) { packetBytes = bytes }

    func record(_ packets: StreamPackets) {
      _ = packets.addReader(reads: false) {}
      ring.withLock { $0 = packets }
    }

    func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }

    private final class Worker: FrameWorker {
      func process(_ frame: Frame) -> FrameOutcome { .emit(frame) }
    }
  }

  private static func ring(of film: String, bytes: Int) throws -> StreamPackets {
    let keeper = Keeper(bytes: bytes)
    try RecordingFixture.run(film, keeper)
    return try #require(keeper.ring.withLock { $0 })
  }

  private static func packets(of film: String) throws -> [StreamPacket] {
    try ring(of: film, bytes: 1 << 30).read(from: 0, count: .max).packets
  }
}
