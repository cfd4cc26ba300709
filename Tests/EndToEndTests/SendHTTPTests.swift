import Foundation
import PipelineTestSupport
import Testing

/// `sink.http` with a receiver that is really there, goes away, and fails in chosen ways.
@Suite("Webhooks", .enabled(if: WebhookReceiver.isAvailable, "needs python3"), .timeLimit(.minutes(20)))
struct SendHTTPTests {
  private let space = try! Workspace()
  private var state: [String: String] { ["EDGEPIPE_STATE": space.path("state")] }
  private var database: String { space.path("state/spool/test/out.sqlite") }

  /// Frames of two streams, as fast as they can be had, and their lines to a webhook.
  private func pipeline(
    frames: Int, url: String, _ options: String = "", fps: Int = 2000, live: Bool = false
  ) throws -> String {
    try space.pipeline(
      #"""
      { "id": "cam", "type": "source.synthetic",
        "config": { "streams": 2, "frames": \#(frames), "fps": \#(fps), "live": \#(live) } },
      { "id": "out", "type": "sink.http", "after": ["cam"], "config": { "url": "\#(url)", "what": ["frames"],
        "retryMinS": 0.01, "retryMaxS": 0.1, "flushS": 200\#(options) } }
      """#)
  }

  private func facts() throws -> [String: Any] {
    let stages = try #require(try space.report()["stages"] as? [String: [String: Any]])
    let facts = try #require(stages["out"]?["facts"] as? [String: Any])
    return try #require(facts["spool"] as? [String: Any])
  }

  @Test("given a receiver, when a run sends it signed results, then each arrives once, in order, and none is left")
  func arrives() throws {
    let receiver = try WebhookReceiver(space, ["--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    let file = try pipeline(
      frames: 500, url: "http://127.0.0.1:\(receiver.port)/hook",
      #", "secret": "${HOOK_SECRET}", "batch": 100"#)
    let result = try Command.run(
      ["run", file, "--report", "report.json"], in: space.folder,
      environment: state.merging(["HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]) { $1 })
    #expect(result.status == 0, "\(result.errors)")
    let received = try Results.received(space)
    #expect(received.count == 1000)
    let ids = try Results.firsts(received)
    #expect(ids.count == 1000)
    Results.expectInOrder(ids)
    #expect(try Results.waiting(database) == ([], "ok"))
    let ledger = try #require(try space.report()["ledger"] as? [String: Any])
    #expect(ledger["delivered"] as? Int == 1000 && ledger["balanced"] as? Bool == true)
    #expect(try facts()["acknowledged"] as? Int == 1000)
  }

  @Test(
    "given a receiver that fails, breaks off, and loses its answers, when all is sent, then all have arrived in order",
    arguments: ["array", "lines"])
  func fails(format: String) throws {
    let receiver = try WebhookReceiver(
      space, ["--fail", "1:503", "2:close", "4:lost", "5:500", "7:429:0", "9:404", "11:lost"])
    let file = try pipeline(
      frames: 200, url: "http://127.0.0.1:\(receiver.port)/", #", "batch": 30, "format": "\#(format)""#)
    let result = try Command.run(["run", file, "--report", "report.json"], in: space.folder, environment: state)
    #expect(result.status == 0, "\(result.errors)")
    let received = try Results.received(space), ids = try Results.firsts(received)
    #expect(ids.count == 400)
    // What was taken without an answer comes again, with the same id.
    #expect(received.count > 400)
    Results.expectInOrder(ids)
    #expect(try Results.waiting(database).ids.isEmpty)
    #expect(try facts()["failed_attempts"] as? Int ?? 0 >= 7)
  }

  @Test("given results that a receiver refuses for ever, when all is sent, then those are put aside and block no other")
  func refused() throws {
    let receiver = try WebhookReceiver(space, ["--fail", #"odd:"frame": 7,"#, #"odd:"frame":7,"#])
    let file = try pipeline(
      frames: 40, url: "http://127.0.0.1:\(receiver.port)/", #", "batch": 16, "tries": 2"#)
    let result = try Command.run(["run", file, "--report", "report.json"], in: space.folder, environment: state)
    #expect(result.status == 0, "\(result.errors)")
    let received = try Results.received(space)
    #expect(received.count == 78)
    #expect(!received.contains { $0["frame"] as? Int == 7 })
    #expect(try facts()["refused"] as? Int == 2)
    #expect(result.errors.contains("is put aside"))
  }

  @Test("given a template, when results are sent, then each request has the body that it makes")
  func template() throws {
    let receiver = try WebhookReceiver(space)
    let file = try pipeline(
      frames: 2, url: "http://127.0.0.1:\(receiver.port)/",
      #", "body": "{\"text\": \"{stream} {frame} of {pipeline}\"}""#)
    #expect(try Command.run(["run", file], in: space.folder, environment: state).status == 0)
    let texts = try Results.received(space).map { $0["text"] as? String ?? "" }.sorted()
    #expect(texts == ["cam-1 0 of test", "cam-1 1 of test", "cam-2 0 of test", "cam-2 1 of test"])
  }

  @Test("given a receiver that is away and runs that are killed, when it is back, then everything committed arrives")
  func killed() throws {
    let first = try WebhookReceiver(space), port = first.port
    first.stop()
    let file = try pipeline(frames: 100_000, url: "http://127.0.0.1:\(port)/", fps: 500)
    var committed: [String] = []
    for round in 1...3 {
      let run = try Command.Running(["run", file, "--quiet"], in: space.folder, environment: state)
      // What an independent reader sees is committed.
      while committed.count < round * 300 {
        try #require(run.process.isRunning, "\(run.state)")
        if FileManager.default.fileExists(atPath: database) { committed = try Results.waiting(database).ids }
      }
      run.signal(SIGKILL)
      _ = try run.finish()
      let after = try Results.waiting(database)
      #expect(after.integrity == "ok")
      #expect(Array(after.ids.prefix(committed.count)) == committed)
      committed = after.ids
    }
    let receiver = try WebhookReceiver(space, port: port)
    let last = try pipeline(frames: 10, url: "http://127.0.0.1:\(receiver.port)/")
    #expect(try Command.run(["run", last], in: space.folder, environment: state).status == 0)
    let ids = try Results.firsts(Results.received(space))
    #expect(Array(ids.prefix(committed.count)) == committed)
    #expect(ids.count == committed.count + 20)
    Results.expectInOrder(ids)
  }

  @Test(
    "given a run that holds a spool, when another one of the same pipeline begins, then it is refused and says whose")
  func locked() throws {
    let receiver = try WebhookReceiver(space)
    let file = try pipeline(frames: 100_000, url: "http://127.0.0.1:\(receiver.port)/", fps: 50, live: true)
    let run = try Command.Running(["run", file, "--quiet"], in: space.folder, environment: state)
    while try Results.received(space).isEmpty { try #require(run.process.isRunning, "\(run.state)") }
    let second = try Command.run(["run", file], in: space.folder, environment: state)
    #expect(second.status == 69 && second.errors.contains("already runs"), "\(second.errors)")
    run.signal(SIGTERM)
    #expect(try run.finish().status == 0)
  }

  @Test(
    "given a live camera and a spool that blocks, when it is full, then frames are lost at the source and counted there"
  )
  func blocksAtTheSource() throws {
    let receiver = try WebhookReceiver(space), port = receiver.port
    receiver.stop()
    let file = try space.pipeline(
      #"""
      { "id": "cam", "type": "source.synthetic", "config": { "frames": 100000, "fps": 1000 } },
      { "id": "out", "type": "sink.http", "after": ["cam"], "config": { "url": "http://127.0.0.1:\#(port)/",
        "what": ["frames"], "flushS": 0, "spool": { "maxMB": 0.1, "whenFull": "block" } } }
      """#)
    let run = try Command.Running(
      ["run", file, "--report", "report.json", "--control", "control.sock"], in: space.folder, environment: state)
    // 0.1 MB hold some 250 results.
    while try !FileManager.default.fileExists(atPath: database) || Results.waiting(database).ids.count < 200 {
      try #require(run.process.isRunning, "\(run.state)")
    }
    var dropped = 0
    while dropped < 100 {
      let status = try Command.run(["ctl", "status", "--control", "control.sock", "--json"], in: space.folder)
      let figures = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any]
      dropped = try #require(figures?["dropped"] as? Int, "\(status.output) \(status.errors)")
      try #require(run.process.isRunning, "\(run.state)")
    }
    run.signal(SIGTERM)
    let result = try run.finish()
    #expect(result.status == 0, "\(result.errors)")
    let report = try space.report(), ledger = try #require(report["ledger"] as? [String: Any])
    let stages = try #require(report["stages"] as? [String: [String: Any]])
    #expect(ledger["balanced"] as? Bool == true)
    let atSource = try #require(stages["cam"]?["dropped"] as? Int),
      atSink = try #require(stages["out"]?["dropped"] as? Int)
    // At the end one frame and what waits in the queue behind it find no room; all before were lost at the source.
    #expect(atSource >= 100 && atSource > atSink, "\(atSource) \(atSink)")
  }
}
