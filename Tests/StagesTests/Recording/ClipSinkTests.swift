@testable import EdgepipeCore
import Foundation
@testable import Pipeline
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import Stages

@Suite("sink.clip", .enabled(if: MediaFixtures.areAvailable, "needs the programs ffmpeg and ffprobe"))
struct ClipSinkTests {
  private func sink(
    _ folder: String, _ configure: (inout ClipSink.Configuration) -> Void = { _ in }
  ) throws -> ClipSink {
    var configuration = ClipSink.Configuration(folder: folder)
    (configuration.beforeS, configuration.afterS) = (1.5, 1)
    configure(&configuration)
    return try ClipSink(
      configuration,
      context: StageContext(
        id: "clips", clock: SystemClock(), logger: LogLines().logger(), framesInFlight: 4, threads: ThreadCensus()))
  }

  /// Events in frames of these numbers.
  private func at(_ frames: Int..., kind: String = "zone.enter", label: String = "person")
    -> @Sendable (FrameHeader) -> [FrameEvent]
  {
    { header in
      guard frames.contains(header.sequence) else { return [] }
      return [FrameEvent(stage: "zones", kind: kind, label: label, track: 3, fields: [.init("zone", .string("door"))])]
    }
  }

  @Test(
    "given an event, when its clip is written, then it holds the film's packets from the key frame before what was asked on"
  )
  func event() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    let sink = try sink(folder)
    try RecordingFixture.run(film, sink, events: at(125))
    let clip = try #require(RecordingFixture.recordings(folder).first)
    #expect(try RecordingFixture.recordings(folder).count == 1)
    let all = try RecordingFixture.packets(film), held = try RecordingFixture.packets(clip + ".mp4")
    // Asked for 3.5 ... 6.0 s; a key frame each second.
    #expect(Array(all[75..<(75 + held.count)]) == held)
    #expect((76...78).contains(held.count), "\(held.count): up to 6 s, and what must be decoded with it")
    #expect(try RecordingFixture.complaints(clip + ".mp4") == "")
    let facts = try RecordingFixture.json(clip)
    #expect(facts["type"] as? String == "clip" && facts["ended_by"] as? String == "time")
    #expect(facts["asked_pts_s"] as? Double == 3.5 && facts["begin_pts_s"] as? Double == 3)
    #expect(facts["cut_before_s"] == nil && facts["complete"] as? Bool == true)
    let event = try #require((facts["events"] as? [[String: Any]])?.first)
    #expect(
      event["kind"] as? String == "zone.enter" && event["zone"] as? String == "door" && event["frame"] as? Int == 125)
    #expect(event["pts_s"] as? Double == 5 && event["track"] as? Int == 3 && event["label"] as? String == "person")
    #expect(facts["thumbnail"] as? String == URL(fileURLWithPath: clip).lastPathComponent + ".jpg")
    #expect(try RecordingFixture.probe(clip + ".jpg", "width,height") == "320,240")
    #expect(sink.facts["clips"] == .int(1) && sink.facts["lost_packets"] == .int(0))
  }

  @Test("given packets with start codes, when a clip is written, then it holds the same parts of the pictures")
  func annexB() throws {
    let film = try RecordingFixture.film("record.ts"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder), events: at(125))
    let clip = try #require(RecordingFixture.recordings(folder).first)
    let all = try RecordingFixture.units(film), held = try RecordingFixture.units(clip + ".mp4")
    let begin = try #require(all.indices.first { all[$0...].starts(with: held.prefix(40)) })
    #expect(all[begin...].starts(with: held) && held.count > 76)
  }

  @Test(
    "given events that overlap and one that does not, when written, then there are two clips, and each lists its events"
  )
  func overlap() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder), events: at(50, 75, 200))
    let clips = try RecordingFixture.recordings(folder).map { try RecordingFixture.json($0) }
    #expect(clips.map { ($0["events"] as? [[String: Any]])?.compactMap { $0["frame"] as? Int } } == [[50, 75], [200]])
    #expect(clips.map { $0["begin_pts_s"] as? Double } == [0, 6])
    let ends = clips.compactMap { $0["end_pts_s"] as? Double }
    #expect(ends.count == 2 && abs(ends[0] - 4) < 0.1 && abs(ends[1] - 9) < 0.1, "\(ends)")
  }

  @Test("given events without an end, when a clip is as long as it may be, then the next one goes on where it ends")
  func longest() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder) { $0.maxS = 3 }) { header in
      [FrameEvent(stage: "zones", kind: "zone.occupancy", fields: [.init("count", .int(header.sequence))])]
    }
    let recordings = try RecordingFixture.recordings(folder)
    let clips = try recordings.map { try RecordingFixture.json($0) }
    #expect(clips.compactMap { $0["ended_by"] as? String }.dropLast().allSatisfy { $0 == "longest" })
    #expect(clips.reduce(0) { $0 + (($1["events"] as? [Any])?.count ?? 0) } == 250)
    let all = try RecordingFixture.packets(film)
    let held = try Set(recordings.flatMap { try RecordingFixture.packets($0 + ".mp4") })
    #expect(Set(all).isSubset(of: held), "every picture is in one of them")
  }

  @Test("given an event at the beginning, when its clip is written, then it says what it lacks and why")
  func beginning() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    try RecordingFixture.run(film, sink(folder), events: at(10))
    let clip = try #require(RecordingFixture.recordings(folder).first), facts = try RecordingFixture.json(clip)
    let cut = try #require(facts["cut_before_s"] as? Double)
    #expect(abs(cut - 1.1) < 0.01)
    #expect(facts["cut_by"] as? String == "the beginning of the stream")
  }

  @Test(
    "given less memory than the time before takes, when a clip is written, then it says what it lacks, and begins with a key frame"
  )
  func memory() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    let sink = try sink(folder) { ($0.beforeS, $0.ringMB) = (8, 0.1) }
    try RecordingFixture.run(film, sink, events: at(225))
    let clip = try #require(RecordingFixture.recordings(folder).first)
    let facts = try RecordingFixture.json(clip)
    let cut = try #require(facts["cut_before_s"] as? Double)
    #expect(cut > 1 && cut < 8)
    #expect(facts["cut_by"] as? String == "memory")
    let first = try #require(facts["begin_pts_s"] as? Double)
    #expect(abs(1 + cut - first) < 0.001)
    #expect(sink.facts["cut_clips"] == .int(1))
    let all = try RecordingFixture.packets(film), held = try RecordingFixture.packets(clip + ".mp4")
    let begin = try #require(held.first.flatMap { all.firstIndex(of: $0) })
    #expect(begin % 25 == 0 && Array(all[begin..<(begin + held.count)]) == held)
  }

  @Test("given kinds and classes, when other events come, then they have no clip")
  func chosen() throws {
    let film = try RecordingFixture.film("record.mp4"), folder = try RecordingFixture.folder()
    let sink = try sink(folder) { ($0.kinds, $0.selection.classes) = (["line.cross"], ["car"]) }
    let other = at(50), wrong = at(120, kind: "line.cross"), right = at(200, kind: "line.cross", label: "car")
    try RecordingFixture.run(film, sink) { other($0) + wrong($0) + right($0) }
    let clips = try RecordingFixture.recordings(folder).map { try RecordingFixture.json($0) }
    #expect(clips.map { ($0["events"] as? [[String: Any]])?.compactMap { $0["frame"] as? Int } } == [[200]])
  }

  @Test("given less room than one event needs, when made, then the options are refused")
  func tooShort() throws {
    let folder = try RecordingFixture.folder()
    #expect { try sink(folder) { ($0.beforeS, $0.afterS, $0.maxS) = (5, 5, 9) } } throws: { error in
      (error as? PipelineError)?.code == .invalidConfiguration
    }
  }

  @Test("given frames without packets, when events come, then it is said once, and nothing is written")
  func without() throws {
    let folder = try RecordingFixture.folder()
    let clips = try SingleStage(ClipSink.self, .init(folder: folder))
    for index in 0..<3 { _ = try clips.process(clips.frame(index)) }
    try clips.finish()
    #expect(clips.log.all.count { $0.contains("come without packets") } == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }
}

@Suite(
  "sink.clip: in a browser",
  .enabled(if: MediaFixtures.areAvailable && Browser.program != nil, "needs ffmpeg, and \(Browser.needs)"))
struct ClipBrowserTests {
  @Test("given a clip and a recording of H.264, when Chromium plays them, then they play")
  func plays() throws {
    for (film, audio) in [
      ("record.mp4", ["-c:a", "aac"]), ("pcm_alaw.mkv", ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"]),
    ] {
      let path = try RecordingFixture.film(film, audio: audio), folder = try RecordingFixture.folder()
      let sink = try ClipSink(.init(folder: folder), context: MediaFixtures.context("clips"))
      try RecordingFixture.run(path, sink) { header in
        header.sequence == 200 ? [FrameEvent(stage: "zones", kind: "zone.enter")] : []
      }
      let clip = try #require(RecordingFixture.recordings(folder).first)
      let playback = try Browser.play(URL(fileURLWithPath: clip + ".mp4"))
      #expect(playback.error == nil && playback.time > 0.5)
      #expect(playback.width == 320 && playback.height == 240)
    }
  }
}
