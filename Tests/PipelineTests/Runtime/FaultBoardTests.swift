import EdgepipeCore
import Logging
import PipelineTestSupport
import Testing

@testable import Pipeline

@Suite("Faults that are told")
struct FaultBoardTests {
  private static let since = WallTime(nanoseconds: 1_767_225_600_000_000_000)

  private func change(over seconds: Double? = nil) -> FaultChange {
    FaultChange(
      "covered", stage: "watch", stream: "door", since: Self.since, over: seconds,
      figures: [.init("lost_share", 0.87654, limit: 0.6), .init("brightness", 0.25)], message: "the picture is covered")
  }

  @Test("given a fault and its end, when noted, then it is counted once and active in between, and the log says both")
  func counts() {
    let log = LogLines()
    let board = FaultBoard(logger: log.logger()), key = FaultBoard.Key("covered", stage: "watch", stream: "door")
    board.watch(["covered", "frozen"], stage: "watch", stream: "door")
    #expect(board.current.count == 2 && board.current[key]?.total == 0 && board.current[key]?.isActive == false)
    board.note(change())
    #expect(board.current[key]?.total == 1 && board.current[key]?.isActive == true)
    // Who looks for it again does not begin to count anew.
    board.watch(["covered"], stage: "watch", stream: "door")
    board.note(change(over: 12.5))
    #expect(board.current[key]?.total == 1 && board.current[key]?.isActive == false)
    #expect(log.all.count == 2)
    #expect(log.all.first?.contains("fault 'covered': the picture is covered") == true)
  }

  @Test("given more streams than are counted, when their faults are noted, then what is kept stays bounded")
  func bounded() {
    let board = FaultBoard(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    for index in 0..<5000 {
      board.note(FaultChange("drift", stream: "s\(index)", since: Self.since, figures: [], message: ""))
    }
    #expect(board.current.count == 4096)
  }

  @Test("given a fault and its end, when written as events, then keys and values are those of the results schema")
  func events() {
    let event = change(over: 12.3456).event(of: "watch")
    #expect(event.kind == "recovered" && event.stage == "watch")
    #expect(event.fields.map(\.key) == ["fault", "since", "seconds", "figures", "limit", "message"])
    #expect(event.fields[1].value == .string("2026-01-01T00:00:00.000Z"))
    #expect(event.fields[2].value == .double(12.346))
    #expect(event.fields[3].value == .object(["lost_share": .double(0.877), "brightness": .double(0.25)]))
    #expect(event.fields[4].value == .object(["lost_share": .double(0.6)]), "only of figures that have one")
    let begun = change()
    #expect(begun.event(of: "watch").kind == "fault" && begun.event(of: "watch").fields.map(\.key)[2] == "figures")
    #expect(begun.members["event"] == .string("fault") && begun.members["stream"] == .string("door"))
    #expect(begun.members["seconds"] == nil)
  }

  @Test("given a run that is followed, when it tells a fault of its own, then followers and the snapshot have it")
  func followers() throws {
    let runner = try PipelineRunner(
      PipelinePlan(name: "t", stages: [.source("in", count: 1), .sink("out", after: ["in"], into: Collector())]),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let follower = runner.follow()
    let told = FaultChange("memory", since: Self.since, figures: [.init("share", 0.9, limit: 0.85)], message: "much")
    runner.tell(told)
    let notices = follower.take().notices
    guard case .fault(told)? = notices.first?.notice, notices.count == 1 else {
      Issue.record("not told: \(notices)")
      return
    }
    let key = FaultBoard.Key("memory", stage: nil, stream: nil)
    #expect(runner.snapshot().faults[key]?.isActive == true)
  }
}
