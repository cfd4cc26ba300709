import EdgepipeCore
import Logging
import PipelineTestSupport
import Testing

@testable import Pipeline
@testable import Stages

@Suite("Live output: over losses", .timeLimit(.minutes(10)))
struct LiveOutputTests {
  /// A receiver that a test turns on and off.
  private final class Receiver: Sendable {
    struct State {
      var isUp: Bool
      /// Takes nothing while set.
      var isFrozen = false
      var attempts = 0
      var sent: [(ticks: Int64, isKey: Bool)] = []
      var ends = 0
    }

    let state: Monitor<State>

    init(isUp: Bool) { state = Monitor(State(isUp: isUp)) }

    var opening: StreamOpening {
      { [self] guardian throws(StreamLoss) in
        let isUp = state.change { state in
          state.attempts += 1
          return state.isUp
        }
        if !isUp { throw StreamLoss("it is down") }
        return Carrier(receiver: self, guardian: guardian)
      }
    }

    func wait(for condition: (State) -> Bool) {
      let _: Bool = state.wait { condition($0) ? true : nil }
    }
  }

  private final class Carrier: StreamCarrier {
    let receiver: Receiver
    let guardian: ReadGuard
    init(receiver: Receiver, guardian: ReadGuard) { (self.receiver, self.guardian) = (receiver, guardian) }

    func send(_ picture: EncodedPicture) throws(StreamLoss) {
      while receiver.state.withLock({ $0.isFrozen }) {
        if guardian.isStopping || guardian.hasTimedOut { throw .timedOut }
        _ = receiver.state.wait(until: SystemClock().now().advanced(byMilliseconds: 5)) { $0.isFrozen ? nil : true }
      }
      let isUp = receiver.state.change { state in
        if state.isUp { state.sent.append((picture.ticks, picture.isKey)) }
        return state.isUp
      }
      if !isUp { throw StreamLoss("it has gone") }
    }

    func finish() throws(StreamLoss) { receiver.state.change { $0.ends += 1 } }
  }

  private func output(_ receiver: Receiver, _ change: (inout LiveOutput.Settings) -> Void = { _ in }) throws
    -> LiveOutput
  {
    var settings = LiveOutput.Settings()
    settings.policy = ReconnectPolicy(minS: 0.001, maxS: 0.002, resetS: 30)
    change(&settings)
    return try LiveOutput(
      name: "there", stage: "live", census: ThreadCensus(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      settings: settings, opening: receiver.opening)
  }

  /// Offers a picture as a worker does.
  @discardableResult
  private func offer(_ output: LiveOutput, ticks: Int64, isWaiting: Bool = false) throws -> LiveOutput.Admission {
    let admission = output.admit(isWaiting: isWaiting)
    if case .taken(let isKey, let ticket) = admission {
      try output.push(StreamFixture.picture(ticks: ticks, isKey: isKey), ticket: ticket)
    }
    return admission
  }

  @Test("given a receiver, when a file's pictures are offered, then all go out in order and it hears the end")
  func whole() throws {
    let receiver = Receiver(isUp: true), output = try output(receiver)
    for ticks in 0..<200 { try offer(output, ticks: Int64(ticks), isWaiting: true) }
    output.finish()
    let state = receiver.state.withLock { $0 }
    #expect(state.sent.map(\.ticks) == Array(0..<200))
    #expect(state.sent.map(\.isKey) == [true] + Array(repeating: false, count: 199))
    #expect(state.ends == 1)
    #expect(output.figures.sent == 200 && output.figures.dropped == 0 && output.figures.lost == 0)
  }

  @Test(
    "given no receiver, when pictures are offered, then none is encoded, each is counted, and it is tried again and again"
  )
  func down() throws {
    let receiver = Receiver(isUp: false), output = try output(receiver)
    receiver.wait { $0.attempts >= 1 }
    #expect(output.admit(isWaiting: true) == .closed)
    for ticks in 0..<9 { #expect(try offer(output, ticks: Int64(ticks)) == .closed) }
    receiver.wait { $0.attempts >= 5 }
    #expect(output.figures.dropped == 10 && output.figures.openings == 0)
    #expect(output.figures.error?.contains("it is down") == true)
    output.finish()
    #expect(receiver.state.withLock { $0.ends } == 0)
  }

  @Test("given a receiver that goes and comes back, when pictures are offered, then it goes on with a key frame")
  func again() throws {
    let receiver = Receiver(isUp: true), output = try output(receiver)
    try offer(output, ticks: 0, isWaiting: true)
    receiver.wait { $0.sent.count == 1 }
    receiver.state.change { $0.isUp = false }
    try offer(output, ticks: 1)
    receiver.wait { $0.attempts >= 3 }
    receiver.state.change { $0.isUp = true }
    // A file waits for the first opening only; a stream that comes back is met by whoever offers then.
    var ticks: Int64 = 2
    while try offer(output, ticks: ticks) == .closed { ticks += 1 }
    try offer(output, ticks: ticks + 1)
    output.finish()
    let sent = receiver.state.withLock { $0.sent }
    #expect(sent.map(\.ticks) == [0, ticks, ticks + 1])
    #expect(sent.map(\.isKey) == [true, true, false])
    let figures = output.figures
    #expect(figures.openings == 2 && figures.lost == 1 && figures.sent == 3)
    #expect(figures.dropped == Int(ticks) - 2)
  }

  @Test("given a receiver that takes nothing, when a live stream goes on, then nobody waits and the rest is counted")
  func frozen() throws {
    let receiver = Receiver(isUp: true)
    let output = try output(receiver) {
      $0.capacity = 4
      $0.timeoutS = 3600
      $0.drainS = 0.01
    }
    try offer(output, ticks: 0, isWaiting: true)
    receiver.wait { $0.sent.count == 1 }
    receiver.state.change { $0.isFrozen = true }
    var taken = 0, full = 0
    for ticks in 1...100 {
      switch try offer(output, ticks: Int64(ticks)) {
      case .taken: taken += 1
      case .full: full += 1
      case .closed: Issue.record("it is open")
      }
    }
    // Four wait, and one may be with the carrier.
    #expect((4...5).contains(taken) && taken + full == 100)
    // It is cut off, not waited for.
    output.finish()
    #expect(output.figures.sent == 1 && output.figures.dropped == full)
  }

  @Test(
    "given a picture that was encoded for a connection that is lost, when it comes late, then the next one does not get it"
  )
  func late() throws {
    let receiver = Receiver(isUp: true), output = try output(receiver)
    guard case .taken(_, let old) = output.admit(isWaiting: true) else { throw MediaFixtures.Missing(what: "a place") }
    try output.push(StreamFixture.picture(ticks: 0, isKey: true), ticket: old)
    receiver.wait { $0.sent.count == 1 }
    guard case .taken(let isKey, let ticket) = output.admit(isWaiting: false) else {
      throw MediaFixtures.Missing(what: "a place")
    }
    #expect(!isKey && ticket == old)
    receiver.state.change { $0.isUp = false }
    try output.push(StreamFixture.picture(ticks: 1), ticket: ticket)
    receiver.wait { $0.attempts >= 2 }
    receiver.state.change { $0.isUp = true }
    var ticks: Int64 = 3
    while try offer(output, ticks: ticks) == .closed { ticks += 1 }
    try output.push(StreamFixture.picture(ticks: 2), ticket: ticket)
    output.finish()
    #expect(receiver.state.withLock { $0.sent.map(\.ticks) } == [0, ticks])
    #expect(output.figures.lost == 2)
  }
}
