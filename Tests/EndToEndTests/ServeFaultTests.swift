import EdgepipeCore
import Foundation
import Glibc
import PipelineTestSupport
import Testing

/// Faults of real runs: noticed, mended and told once.
@Suite(
  "The command: serve, when a run is not well", .enabled(if: ServiceSpace.clip != nil, "needs the data folder"),
  .timeLimit(.minutes(10)))
struct ServeFaultTests {
  private let rig: ServiceSpace

  init() throws { rig = try ServiceSpace() }

  /// A service file with these pipelines, whose notices a script adds to a file.
  private func writeService(_ pipelines: [String], _ more: String = "", webhook: String = "") throws {
    let tell = rig.space.path("tell")
    try "#!/bin/sh\ncat >>'\(rig.space.path("notices"))'\n".write(toFile: tell, atomically: true, encoding: .utf8)
    // SAFETY: the path is a terminated copy for the call.
    unsafe chmod(tell, 0o700)
    let list = pipelines.map { #"{ "file": "p/\#($0).json" }"# }.joined(separator: ", ")
    try """
    { "version": 1, "notices": { "command": ["tell"]\(webhook) }, \(more) "pipelines": [\(list)] }
    """.write(toFile: rig.space.path("service.json"), atomically: true, encoding: .utf8)
  }

  /// What was told so far: the event and the fault.
  private func notices() throws -> [[String: Any]] {
    guard let text = try? String(contentsOfFile: rig.space.path("notices"), encoding: .utf8) else { return [] }
    return try JSONLines.parse(text.hasSuffix("\n") ? text : "")
  }

  private func told(_ fault: String) throws -> [String] {
    try notices().filter { $0["fault"] as? String == fault }.compactMap { $0["event"] as? String }
  }

  @Test("given a run that is killed, when it is started again, then both are told once, with the pipeline's name")
  func ended() throws {
    try rig.addPipeline("a")
    // Its first answer is a refusal: the notice is sent again.
    let receiver = try WebhookReceiver(rig.space, ["--fail", "1:503"])
    defer { receiver.stop() }
    try writeService(["a"], webhook: #", "webhook": "http://127.0.0.1:\#(receiver.port)/notices""#)
    let service = try rig.serve("service.json")
    try rig.eventually("a delivers", service) { try rig.frames("a").count >= 3 }
    kill(try #require(rig.holder("a")), SIGKILL)
    try rig.eventually("the end of the fault is told", service) { try told("ended").count >= 2 }
    try rig.eventually("the webhook has both", service) { try Results.received(rig.space).count >= 2 }
    _ = try rig.terminate(service)
    #expect(try told("ended") == ["fault", "recovered"])
    let received = try Results.received(rig.space)
    #expect(received.map { $0["event"] as? String } == ["fault", "recovered"], "\(received)")
    #expect(received.allSatisfy { $0["pipeline"] as? String == "a" && $0["fault"] as? String == "ended" })
    let notice = try #require(try notices().first)
    #expect(notice["pipeline"] as? String == "a" && notice["count"] as? Int == 1)
    #expect((notice["message"] as? String)?.contains("signal 9") == true, "\(notice)")
    #expect(notice["host"] is String && notice["since"] is String)
  }

  @Test(
    "given a sink whose reader stops, when the stage is stuck, then the stacks are in the log and the run starts again")
  func stuck() throws {
    let clip = try #require(ServiceSpace.clip).path, pipe = rig.space.path("lines")
    // SAFETY: the path is a terminated copy for the calls.
    #expect(unsafe mkfifo(pipe, 0o600) == 0)
    let reader = unsafe open(pipe, O_RDONLY | O_NONBLOCK)
    #expect(reader >= 0)
    defer { close(reader) }
    // The least that a pipe holds (F_SETPIPE_SZ): it is soon full.
    #expect(fcntl(reader, 1031, 4096) == 4096)
    try #"""
    { "version": 1, "name": "a", "stages": [
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(clip)", "realtime": true } },
      { "id": "lines", "type": "sink.jsonl", "after": ["camera"], "config": { "path": "\#(pipe)" } } ] }
    """#.write(toFile: rig.space.path("p/a.json"), atomically: true, encoding: .utf8)
    try writeService(["a"], #""stuckS": 2,"#)
    let service = try rig.serve("service.json")
    try rig.eventually("the fault is told", service) { try told("stuck") == ["fault"] }
    let first = rig.holder("a")
    let notice = try #require(try notices().first { $0["fault"] as? String == "stuck" })
    #expect(notice["stage"] as? String == "lines", "\(notice)")
    try rig.eventually("another run", service) { rig.holder("a").map { $0 != first } ?? false }
    // From now on somebody reads.
    let drain = try WorkerThread(name: "reader") {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      var idle = 0
      while idle < 3000 {
        // SAFETY: the array has as many bytes.
        let count = unsafe read(reader, &bytes, bytes.count)
        if count > 0 { idle = 0 } else { idle += 1 }
        usleep(1000)
      }
    }
    defer { drain.join() }
    try rig.eventually("frames go on", service) { try told("stuck").count >= 2 }
    #expect(try told("stuck") == ["fault", "recovered"])
    _ = try rig.terminate(service)
    let log = try String(contentsOfFile: rig.space.path("s/runs/a/log"), encoding: .utf8)
    #expect(log.contains("stacks of all threads") && log.contains("'ep-"), "\(log.suffix(2000))")
    // Of a thread that waits in the write, the system's function is named.
    #expect(log.contains("libc.so"), "\(log.suffix(2000))")
  }

  @Test(
    "given a disk that others fill, then it is told before the oldest recordings go, and once there is room, and nothing is lost",
    .enabled(if: Has.ffmpeg && SmallDisk.isPossible, "needs ffmpeg, and the right to mount a tmpfs"))
  func disk() throws {
    // Of 40 MB two stay free, and it is told from four on.
    let disk = try SmallDisk(rig.space.path("disk"), megabytes: 40), film = rig.space.path("film.mp4")
    // Half a megabyte a second.
    try FFmpeg.make([
      "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=90", "-pix_fmt", "yuv420p", "-c:v", "libx264",
      "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-b:v", "4M", "-minrate", "4M", "-maxrate", "4M",
      "-bufsize", "1M", "-nal-hrd", "cbr", film,
    ])
    try #"""
    { "version": 1, "name": "a", "stages": [
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(film)", "realtime": true } },
      { "id": "record", "type": "sink.record", "after": ["camera"],
        "config": { "folder": "disk/recordings", "segmentS": 1, "minFreeMB": 200 } } ] }
    """#.write(toFile: rig.space.path("p/a.json"), atomically: true, encoding: .utf8)
    try disk.fill(leaving: 7 << 20)
    try writeService(["a"])
    let service = try rig.serve("service.json")
    var seen: Set<String> = [], present: [String] = []
    func look() {
      let folder = rig.space.path("disk/recordings/camera")
      present = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
        .filter { $0.hasSuffix(".mp4") }.sorted()
      seen.formUnion(present)
    }
    try rig.eventually("it is told", service) {
      look()
      return try !told("disk").isEmpty
    }
    let notice = try #require(try notices().first { $0["fault"] as? String == "disk" })
    let free = try #require((notice["figures"] as? [String: Any])?["free_mb"] as? Double)
    #expect(notice["stage"] as? String == "record" && notice["pipeline"] as? String == "a", "\(notice)")
    #expect((2...4).contains(free), "\(notice)")
    try rig.eventually("recordings are removed", service) {
      look()
      return present.count + 4 <= seen.count
    }
    #expect(Array(seen.sorted().suffix(present.count)) == present, "the oldest first")
    try disk.empty()
    try rig.eventually("there is room", service) { try told("disk").count >= 2 }
    look()
    #expect(Array(seen.sorted().suffix(present.count)) == present, "the oldest first")
    _ = try rig.terminate(service)
    #expect(try told("disk") == ["fault", "recovered"])
    let log = try String(contentsOfFile: rig.space.path("s/runs/a/log"), encoding: .utf8)
    #expect(!log.contains("is recorded for now"), "\(log)")
    let stages = try rig.space.report("s/runs/a/report.json")["stages"] as? [String: [String: Any]]
    let facts = try #require(stages?["record"]?["facts"] as? [String: Any])
    #expect(facts["failed_writes"] as? Int == 0 && facts["removed"] as? Int ?? 0 >= 4, "\(facts)")
  }

  @Test("given a run that takes more memory than its budget, then it starts again, and the other one goes on")
  func memory() throws {
    try rig.addPipeline("a")
    try rig.addPipeline("b")
    let file = rig.space.path("p/a.json")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacingOccurrences(of: #""name": "a","#, with: #""name": "a", "budget": { "memoryMB": 5 },"#)
      .write(toFile: file, atomically: true, encoding: .utf8)
    try writeService(["a", "b"])
    let service = try rig.serve("service.json")
    try rig.eventually("the run starts again", service) {
      service.errorsSoFar.contains("a: restarting (exit status 0)")
    }
    try rig.eventually("it is told", service) { try !told("memory").isEmpty }
    let seen = try rig.frames("b").count
    try rig.eventually("b goes on", service) { try rig.frames("b").count > seen }
    let said = try rig.terminate(service)
    #expect(try told("memory") == ["fault"])
    #expect(said.contains("a: fault 'memory': the run holds"), "\(said)")
    let ofTheOther = said.split(separator: "\n").filter { $0.contains(" b: ") }
    #expect(ofTheOther == ["notice: b: stopped (exit status 0)"], "\(said)")
    try rig.expectWhole("b")
  }

  @Test("given a receiver that goes away and comes back, then both are told once, and it has every result")
  func offline() throws {
    let clip = try #require(ServiceSpace.clip).path
    let receiver = try WebhookReceiver(rig.space)
    defer { receiver.stop() }
    try #"""
    { "version": 1, "name": "a", "stages": [
      { "id": "camera", "type": "source.ffmpeg", "config": { "url": "\#(clip)", "realtime": true } },
      { "id": "send", "type": "sink.http", "after": ["camera"], "config": {
        "url": "http://127.0.0.1:\#(receiver.port)/", "what": ["frames"], "retryMaxS": 1, "spool": { "folder": "spool" } } } ] }
    """#.write(toFile: rig.space.path("p/a.json"), atomically: true, encoding: .utf8)
    try writeService(["a"])
    let service = try rig.serve("service.json")
    try rig.eventually("results come", service) { try !Results.received(rig.space).isEmpty }
    receiver.stop()
    try rig.eventually("the fault is told", service) { try told("offline") == ["fault"] }
    let before = try Results.received(rig.space).count
    let again = try WebhookReceiver(rig.space, port: receiver.port)
    defer { again.stop() }
    try rig.eventually("its end is told", service) { try told("offline").count >= 2 }
    try rig.eventually("results come again", service) { try Results.received(rig.space).count > before }
    _ = try rig.terminate(service)
    #expect(try told("offline") == ["fault", "recovered"])
    let notice = try #require(try notices().first { $0["fault"] as? String == "offline" })
    #expect(notice["stage"] as? String == "send", "\(notice)")
    let numbers = try Set(Results.received(rig.space).compactMap { $0["frame"] as? Int })
    #expect(numbers == Set(0..<numbers.count))
  }
}
