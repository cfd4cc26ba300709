import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline

private struct NoAccount: TicketAccount {
  func now() -> MonotonicTime { MonotonicTime(nanoseconds: 0) }
  func release(_ ticket: FrameTicket) {}
  func close(_ ticket: FrameTicket, _ fate: FrameFate, handedOver: MonotonicTime) {}
}

@Suite("Join")
struct JoinStateTests {
  private let stream = StreamInfo(id: "s", sourceStage: "s")

  private func ticket(_ sequence: Int) -> FrameTicket {
    FrameTicket(
      header: TestFrames.frame(stream: stream, sequence: sequence, clock: ManualClock()).header, source: 0,
      account: NoAccount())
  }

  private func token(_ ticket: FrameTicket, found label: String?) -> Token {
    guard let label else { return Token(ticket: ticket, frame: nil) }
    var frame = Frame(header: ticket.header, image: nil)
    frame.attach(StageResults(stage: label, detections: []))
    return Token(ticket: ticket, frame: frame)
  }

  @Test("given branches that arrive in any order, when complete, then results stand in the order of the branches")
  func order() {
    var join = JoinState()
    let one = ticket(0)
    guard case .waiting = join.arrive(token(one, found: "b"), link: 1, expected: 2) else {
      Issue.record("early"); return
    }
    guard case .complete(let joined, 2, let carriers) = join.arrive(token(one, found: "a"), link: 0, expected: 2)
    else {
      Issue.record("not complete")
      return
    }
    #expect(joined.frame?.results.map(\.stage) == ["a", "b"])
    #expect(carriers.sorted() == [0, 1])
    #expect(join.count == 0)
  }

  @Test(
    "given a tombstone in one branch, when complete, then the joined frame is a tombstone and names who brought a frame"
  )
  func tombstone() {
    var join = JoinState()
    let one = ticket(4)
    _ = join.arrive(token(one, found: "a"), link: 0, expected: 2)
    guard case .complete(let joined, 2, let carriers) = join.arrive(token(one, found: nil), link: 1, expected: 2)
    else {
      Issue.record("not complete")
      return
    }
    #expect(joined.isTombstone)
    #expect(carriers == [0])
  }

  @Test("given frames of two sources with the same stream name and number, when they arrive, then they are not joined")
  func twins() {
    var join = JoinState()
    _ = join.arrive(token(ticket(0), found: "a"), link: 0, expected: 2)
    guard case .waiting = join.arrive(token(ticket(0), found: "b"), link: 1, expected: 2) else {
      Issue.record("joined")
      return
    }
    #expect(join.count == 2)
  }

  @Test("given a refined result in one branch, when joined, then the later revision wins")
  func revisions() {
    var frame = TestFrames.frame(stream: stream, sequence: 0, clock: ManualClock())
    var other = frame
    let box = Box(x: 0, y: 0, width: 1, height: 1)
    let tracked = Detection(label: "car", classIndex: 0, score: 1, box: box, track: 3)
    frame.attach(StageResults(stage: "objects", detections: []))
    other.attach(StageResults(stage: "objects", revision: 1, detections: [tracked]))
    frame.merge(other)
    #expect(frame.detections.map(\.track) == [3])
  }
}
