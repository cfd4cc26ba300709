import Foundation
import Glibc
import Logging
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Control socket, version 2", .timeLimit(.minutes(5)))
struct ControlSessionTests {
  /// A run that goes on until it is drained, with a gate that lets frames in.
  private final class Rig {
    let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock"
    let runner: PipelineRunner
    let server: ControlServer
    let collector = Collector()
    private let gate: Monitor<Int>

    init(
      frames: Int = 1000, starts: Bool = true, supervision: Supervision? = nil,
      metrics: (@Sendable () -> String)? = nil
    ) throws {
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let gate = Monitor(0)
      self.gate = gate
      let stages: [PipelinePlan.StagePlan] = try [
        .source("in", count: frames) { sequence in gate.wait { $0 > sequence ? () : nil } },
        .init("objects", Gain.self, after: ["in"]), .sink("out", after: ["objects"], into: collector),
      ]
      runner = try PipelineRunner(PipelinePlan(name: "t", stages: stages), logger: logger, staysOpen: true)
      server = try ControlServer(
        path: path, runner: runner, logger: logger, supervision: supervision, metrics: metrics)
      if starts { try runner.start() }
    }

    func admit(_ count: Int) { gate.change { $0 += count } }

    func end() {
      gate.change { $0 = .max }
      runner.requestStop()
      _ = runner.wait()
      server.stop()
    }
  }

  private func object(_ value: ReportValue?) throws -> [String: ReportValue] {
    guard case .object(let members)? = value else { throw PipelineError("no object", code: .malformed) }
    return members
  }

  @Test("given a run, when its stacks are asked for, then every thread is there, and the run goes on")
  func stacks() throws {
    let rig = try Rig()
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    guard case .string(let text)? = try client.ask("stacks")["text"] else {
      throw PipelineError("no text", code: .malformed)
    }
    let threads = text.split(separator: "\n").filter { $0.hasPrefix("thread ") }
    // The sources', the workers' and the socket's.
    #expect(threads.contains { $0.contains("'ep-") } && threads.count > 3, "\(text)")
    #expect(text.contains("libc.so"), "\(text)")
    rig.admit(3)
    rig.collector.wait(for: 3)
    #expect(try client.ask("status")["draining"] == .bool(false))
  }

  @Test("given a limit on detections, then sources write it into the headers of live frames; nonsense is refused")
  func limitDetection() throws {
    let rig = try Rig()
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    for share: ReportValue in [.double(0), .double(1.5), .string("half")] {
      #expect(throws: PipelineError.self) { try client.ask("limit-detection", ["share": share]) }
    }
    _ = try client.ask("limit-detection", ["share": .double(0.25)])
    #expect(rig.runner.detectionShare == 0.25)
    _ = try client.ask("limit-detection", ["share": .double(1)])
    #expect(rig.runner.detectionShare == 1)
  }

  @Test("given one connection, when many requests come on it, then each gets its answer with its id")
  func manyRequests() throws {
    let rig = try Rig()
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    let status = try client.ask("status")
    #expect(status["protocol"] == .int(2) && status["pipeline"] == .string("t") && status["id"] == .int(1))
    rig.admit(3)
    rig.collector.wait(for: 3)
    let change = try object(
      client.ask("set", ["stage": .string("objects"), "options": .object(["gain": .double(2)])])["change"])
    #expect(try object(object(change["options"])["gain"]) == ["old": .int(1), "new": .int(2)])
    rig.admit(2)
    rig.collector.wait(for: 5)
    // The frame that the gate held back had been begun before the change, and is admitted after it.
    #expect(
      rig.collector.all.map { $0.events.first?.kind } == [
        "objects=1.0/0", "objects=1.0/0", "objects=1.0/0", "objects=2.0/0", "objects=2.0/0",
      ])
    for (command, members, words) in [
      ("set", ["stage": ReportValue.string("objects"), "options": .object(["gain": .double(1000)])], "expected"),
      ("set", ["stage": .string("objects")], "options"), ("set", [:], "stage"), ("explode", [:], "unknown command"),
      ("statu", [:], "did you mean 'status'?"), ("subscribe", ["topics": .list([.string("weather")])], "unknown topic"),
      ("subscribe", ["every": .double(0)], "'every'"), ("subscribe", ["every": .string("1")], "must be a number"),
      ("subscribe", ["topics": .string("health")], "must be a list of texts"),
      ("remove-stream", ["stream": .string("x")], "no stream"),
    ] {
      let error = #expect(throws: PipelineError.self) { try client.ask(command, members) }
      #expect("\(error.map { "\($0)" } ?? "")".contains(words), "\(command): \(String(describing: error))")
    }
    #expect(try client.ask("list")["streams"] != nil)
    _ = try client.ask("add-stream", ["stream": .string("more"), "url": .string("x")])
    rig.admit(10)
    rig.collector.wait(for: 6)
    _ = try client.ask("drain")
  }

  @Test(
    "given subscribers and others, when something happens, then those who asked hear of it, in order, and no one else")
  func subscriptions() throws {
    let rig = try Rig()
    defer { rig.end() }
    let events = try ControlClient(path: rig.path), figures = try ControlClient(path: rig.path)
    let silent = try ControlClient(path: rig.path)
    _ = try events.ask("subscribe", ["topics": .list([.string("events")])])
    _ = try figures.ask("subscribe", ["topics": .list([.string("figures")]), "every": .double(0.1)])
    _ = try silent.ask("status")
    rig.admit(2)
    rig.collector.wait(for: 2)
    _ = try silent.ask("set", ["stage": .string("objects"), "options": .object(["gain": .int(3)])])
    rig.admit(1)
    var heard: [String] = []
    while heard.count < 4, let message = events.next() {
      let members = try object(message)
      if members["event"] == .string("options") { heard.append("options") }
      if case .string(let kind)? = members["kind"] { heard.append(kind) }
    }
    #expect(heard == ["objects=1.0/0", "objects=1.0/0", "options", "objects=3.0/0"])
    let first = try object(figures.next()), second = try object(figures.next())
    for message in [first, second] {
      #expect(message["event"] == .string("figures"))
      guard case .list(let stages)? = message["stages"] else { return #expect(Bool(false)) }
      #expect(try stages.map { try object($0)["id"] } == [.string("in"), .string("objects"), .string("out")])
    }
    _ = try events.ask("unsubscribe")
    rig.admit(5)
    rig.collector.wait(for: 8)
    #expect(try events.ask("status")["ok"] == .bool(true))
  }

  @Test("given a follower that takes nothing, when more happens than is kept, then the oldest goes and is counted")
  func overflow() throws {
    let notices = RunNotices()
    let follower = notices.follow()
    let change = { OptionChange(version: $0, stage: "a", options: []) }
    for version in 1...(RunNotices.Follower.limit + 10) { notices.publish(.options(change(version))) }
    let taken = follower.take()
    #expect(taken.lost == 10 && taken.notices.count == RunNotices.Follower.limit)
    if case .options(let first)? = taken.notices.first?.notice { #expect(first.version == 11) }
    #expect(follower.take().notices.isEmpty)
    notices.unfollow(follower)
    notices.publish(.options(change(1)))
    #expect(follower.take().notices.isEmpty)
  }

  @Test(
    "given more clients than are allowed, when the next one comes, then it is told so, and one that leaves makes room")
  func manyClients() throws {
    let rig = try Rig()
    defer { rig.end() }
    var clients: [ControlClient] = []
    for _ in 0..<ControlServer.clientLimit {
      clients.append(try ControlClient(path: rig.path))
      _ = try clients.last?.ask("status")
    }
    let refused = try UnixSocket.connected(to: rig.path)
    #expect(refused.readLine()?.contains("32 clients are connected already") == true)
    clients.removeLast()
    // Its thread notices within its pause.
    let limit = ContinuousClock.now + .seconds(20)
    var isIn = false
    while !isIn, ContinuousClock.now < limit {
      isIn = (try? ControlClient(path: rig.path).ask("status")) != nil
    }
    #expect(isIn)
  }

  @Test("given clients that trickle a line or take no answers, when the run ends, then they do not hold it up")
  func tricklers() throws {
    let rig = try Rig()
    let trickling = try UnixSocket.connected(to: rig.path), deaf = try UnixSocket.connected(to: rig.path)
    let trickle = trickling.descriptor
    let thread = try WorkerThread(name: "trickle") { while Self.put(" ", into: trickle, Int32(MSG_NOSIGNAL)) {} }
    // Answers that nobody takes fill the socket's buffers, until the session takes no more requests.
    let request = #"{"v":2,"id":1,"command":"status"}"# + "\n"
    while Self.put(request, into: deaf.descriptor, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) {}
    rig.end()
    // Its other end is closed.
    thread.join()
    #expect(!FileManager.default.fileExists(atPath: rig.path))
    withExtendedLifetime((trickling, deaf)) {}
  }

  private static func put(_ text: String, into descriptor: Int32, _ flags: Int32) -> Bool {
    let bytes = Array(text.utf8)
    // SAFETY: the call reads the array's bytes.
    return unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, flags) } > 0
  }

  @Test("given a run that has not started, when an option is set, then it is refused as not ready, and taken later")
  func early() throws {
    let rig = try Rig(starts: false)
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    let gain: [String: ReportValue] = ["stage": .string("objects"), "options": .object(["gain": .double(2)])]
    let error = #expect(throws: PipelineError.self) { try client.ask("set", gain) }
    #expect(error?.code == .unavailable)
    try rig.runner.start()
    #expect(try client.ask("set", gain)["change"] != nil)
  }

  @Test(
    "given a supervised run, when its supervisor makes contact, then its time alone begins anew, with the limit asked for"
  )
  func supervised() throws {
    let clock = ManualClock(), supervision = Supervision(clock: clock)
    let rig = try Rig(supervision: supervision)
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    clock.advance(milliseconds: 61_000)
    #expect(supervision.lostForS == 61)
    #expect(try client.ask("supervise")["pid"] == .int(Int(getpid())))
    #expect(supervision.lostForS == nil)
    _ = try client.ask("supervise", ["limit": .int(1)])
    clock.advance(milliseconds: 1001)
    #expect(supervision.lostForS == 1.001)
    for limit in [ReportValue.double(0.9), .int(3601), .int(-1)] {
      let error = #expect(throws: PipelineError.self) { try client.ask("supervise", ["limit": limit]) }
      #expect(error?.message == "'limit' takes 1 to 3600 seconds" && error?.code == .invalidArgument)
    }
    #expect(supervision.lostForS == 1.001, "a refused request is no contact")
    #expect(throws: PipelineError.self) { try client.ask("supervise", ["limit": .string("long")]) }
  }

  @Test("given a run without a supervisor or a page, when asked for them, then it says what it needs")
  func unsupervised() throws {
    let rig = try Rig()
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    let alone = #expect(throws: PipelineError.self) { try client.ask("supervise") }
    #expect(alone?.message.contains("this run is not supervised") == true && alone?.code == .unavailable)
    #expect(alone?.remedy == "start it with --supervised FILE")
    let pageless = #expect(throws: PipelineError.self) { try client.ask("metrics") }
    #expect(pageless?.message.contains("this run has no page of metrics") == true && pageless?.code == .unavailable)
  }

  @Test("given a run with a page of metrics, when asked for it, then its text is the answer, made anew each time")
  func metrics() throws {
    let count = Atomic(0)
    let rig = try Rig(metrics: { "edgepipe_up \(count.add(1, ordering: .relaxed).newValue)\n" })
    defer { rig.end() }
    let client = try ControlClient(path: rig.path)
    #expect(try client.ask("metrics")["text"] == .string("edgepipe_up 1\n"))
    #expect(try client.ask("metrics")["text"] == .string("edgepipe_up 2\n"))
  }

  @Test(
    "given garbage on an open session, when sent, then each line is refused and the session goes on", arguments: 0..<8)
  func garbage(seed: Int) throws {
    let rig = try Rig()
    defer { rig.end() }
    let socket = try UnixSocket.connected(to: rig.path)
    #expect(socket.write(line: #"{"v":2,"id":"a","command":"status"}"#))
    #expect(socket.readLine()?.contains(#""id":"a","ok":true"#) == true)
    var random = SplitMix64(seed: UInt64(seed))
    let parts = [
      "{", "}", "\"v\":2", ",", "\"command\":", "\"set\"", "[", "]", "null", "1e9", "\"id\":{}", "é", "\\u0000",
    ]
    for _ in 0..<50 {
      let line = (0..<Int.random(in: 0..<8, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
        .joined()
      #expect(socket.write(line: line))
      let answer = try #require(socket.readLine())
      #expect(answer.contains("\"ok\":"), "\(line) -> \(answer)")
    }
    #expect(socket.write(line: #"{"v":2,"id":9,"command":"status"}"#))
    #expect(socket.readLine()?.contains(#""id":9"#) == true)
  }
}
