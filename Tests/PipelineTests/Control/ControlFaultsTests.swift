import Foundation
import Logging
import PipelineTestSupport
import PipelineTesting
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Control socket: what was told of faults", .timeLimit(.minutes(5)))
struct ControlFaultsTests {
  private func change(_ fault: String) -> FaultChange {
    FaultChange(fault, stage: "in", since: WallTime(nanoseconds: 0), figures: [], message: "it is \(fault)")
  }

  private func members(_ value: ReportValue?) throws -> [String: ReportValue] {
    guard case .object(let members)? = value else { throw PipelineError("no object", code: .malformed) }
    return members
  }

  private func list(_ value: ReportValue?) throws -> [[String: ReportValue]] {
    guard case .list(let values)? = value else { throw PipelineError("no list", code: .malformed) }
    return try values.map(members)
  }

  @Test("given faults that nobody was there to hear, when a client comes, then it can ask for them, by their numbers")
  func asked() throws {
    let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock", collector = Collector()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let stages: [PipelinePlan.StagePlan] = try [.source("in", count: 1), .sink("out", after: ["in"], into: collector)]
    let runner = try PipelineRunner(PipelinePlan(name: "t", stages: stages), logger: logger, staysOpen: true)
    let server = try ControlServer(path: path, runner: runner, logger: logger)
    try runner.start()
    defer {
      runner.requestStop()
      _ = runner.wait()
      server.stop()
    }
    runner.tell(change("dark"))
    runner.tell(change("bright"))
    let client = try ControlClient(path: path)
    _ = try client.ask("subscribe", ["topics": .list([.string("events")])])
    let faults = try list(client.ask("faults")["faults"])
    #expect(faults.map { $0["fault"] } == [.string("dark"), .string("bright")])
    #expect(faults.map { $0["number"] } == [.int(1), .int(2)] && faults[0]["event"] == .string("fault"))
    #expect(try list(client.ask("faults", ["after": .int(1)])["faults"]).map { $0["number"] } == [.int(2)])
    runner.tell(change("turned"))
    let told = try members(client.next())
    #expect(told["fault"] == .string("turned") && told["number"] == .int(3), "\(told)")
    #expect(try list(client.ask("faults", ["after": .int(3)])["faults"]).isEmpty)
  }

  @Test("given more faults than are kept, and what is none, then the newest faults are there, with their numbers")
  func bounded() {
    let notices = RunNotices(), last = RunNotices.keptFaults + 5
    for number in 1...last {
      notices.publish(.fault(change("\(number)")))
      notices.publish(.options(OptionChange(version: number, stage: "s", options: [])))
    }
    let kept = notices.faults(after: 0)
    #expect(kept.count == RunNotices.keptFaults && kept.last?.number == last)
    #expect(notices.faults(after: last - 2).map(\.number) == [last - 1, last])
    let follower = notices.follow()
    notices.publish(.options(OptionChange(version: 1, stage: "s", options: [])))
    notices.publish(.fault(change("more")))
    #expect(follower.take().notices.map(\.number) == [nil, last + 1])
  }

  @Test(
    "given what lies in a socket, when it is read without waiting, then it is there, also once the other end is closed")
  func readAtOnce() throws {
    let path = NSTemporaryDirectory() + "ep-\(UInt32.random(in: 0 ... .max)).sock"
    let listener = try UnixSocket.listening(at: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let client = try ControlClient(path: path)
    func told() -> ReportValue? {
      if case .message(let message) = client.next(milliseconds: 0) { message } else { nil }
    }
    do {
      let run = try #require(listener.accept(milliseconds: 60_000))
      #expect(told() == nil)
      run.write(line: #"{"event":"first"}"#)
      run.write(line: #"{"event":"last"}"#)
    }
    #expect(told() == .object(["event": .string("first")]) && told() == .object(["event": .string("last")]))
    guard case .ended = client.next(milliseconds: 0) else {
      Issue.record("the end is seen as well")
      return
    }
  }
}
