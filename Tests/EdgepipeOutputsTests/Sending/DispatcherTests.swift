import EdgepipeCore
import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeOutputs

/// A receiver that a test can break: draws what it does with each batch.
private final class FakeReceiver: Sendable {
  struct State {
    var random: SplitMix64
    var received: [OutgoingItem] = []
    var attempts = 0
  }

  let state: Mutex<State>
  private let odd: Set<String>

  init(seed: Int, odd: Set<String> = []) {
    state = Mutex(State(random: SplitMix64(seed: UInt64(seed))))
    self.odd = odd
  }

  var received: [OutgoingItem] { state.withLock { $0.received } }

  func take(_ items: [OutgoingItem]) -> SendResult {
    state.withLock { state in
      state.attempts += 1
      let whole = items.firstIndex { odd.contains($0.id) } ?? items.count
      let isBroken = Int.random(in: 0..<3, using: &state.random) == 0
      let accepted = isBroken ? Int.random(in: 0...whole, using: &state.random) : whole
      state.received += items.prefix(accepted)
      if isBroken {
        // It may have taken more than it could say.
        state.received += items.dropFirst(accepted).prefix(whole - accepted).prefix(1)
        return SendResult(accepted: accepted, obstacle: .unreachable("broken"))
      }
      return SendResult(accepted: accepted, obstacle: whole < items.count ? .refused("odd") : nil)
    }
  }
}

private final class FakeSender: ResultSender {
  let receiver: FakeReceiver
  init(_ receiver: FakeReceiver) { self.receiver = receiver }
  func send(_ items: [OutgoingItem], isStopping: @Sendable () -> Bool) -> SendResult { receiver.take(items) }
}

@Suite("Senders: from the spool to the receiver", .timeLimit(.minutes(10)))
struct DispatcherTests {
  @Test(
    "given a receiver that breaks, takes twice and refuses some, when all is sent, then it has every other one, in order",
    arguments: 0..<12)
  func delivers(seed: Int) throws {
    let items = (0..<300).map { SpoolFixture.item($0, stream: "s\($0 % 3)") }
    let odd = Set([17, 18, 150, 299].map { items[$0].id })
    let receiver = FakeReceiver(seed: seed, odd: odd)
    let fixture = try SpoolFixture(), spool = try fixture.spool()
    var rules = DeliveryRules()
    (rules.batch, rules.retryMinS, rules.retryMaxS, rules.tries, rules.flushS) = (1 + seed * 5, 0.0001, 0.001, 2, 200)
    let dispatcher = Dispatcher(
      spool, rules: rules, receiver: "test", stage: "out", clock: SystemClock(), logger: fixture.log.logger())
    let committer = Thread { spool.commitAll() }
    committer.start()
    let sending = Thread { dispatcher.run(FakeSender(receiver)) }
    sending.start()
    for item in items { _ = spool.put([item]) }
    spool.flush()
    #expect(dispatcher.finish(isEnding: { false }))
    spool.close()
    var seen: Set<String> = []
    let firsts = receiver.received.filter { seen.insert($0.id).inserted }
    #expect(firsts.map(\.id) == items.map(\.id).filter { !odd.contains($0) })
    #expect(spool.counts.waiting == 0)
    #expect(try fixture.open().contents.dead == 4)
  }

  @Test(
    "given a receiver that is away, when the run is told to end, then it waits no longer, and everything stays for the next"
  )
  func staysForTheNext() throws {
    let fixture = try SpoolFixture(), spool = try fixture.spool()
    var rules = DeliveryRules()
    rules.retryMinS = 3600
    rules.retryMaxS = 3600
    rules.flushS = 3600
    rules.endingS = 0.1
    let dispatcher = Dispatcher(
      spool, rules: rules, receiver: "test", stage: "out", clock: SystemClock(), logger: fixture.log.logger())
    let committer = Thread { spool.commitAll() }
    committer.start()
    final class Away: ResultSender {
      func send(_ items: [OutgoingItem], isStopping: @Sendable () -> Bool) -> SendResult {
        SendResult(accepted: 0, obstacle: .unreachable("away"))
      }
    }
    let sending = Thread { dispatcher.run(Away()) }
    sending.start()
    for number in 0..<10 { _ = spool.put([SpoolFixture.item(number)]) }
    while dispatcher.isReachable { sched_yield() }
    spool.flush()
    #expect(dispatcher.finish(isEnding: { true }))
    spool.close()
    #expect(try fixture.open().all() == (0..<10).map { SpoolFixture.item($0) })
  }

  @Test("given a spool that an earlier run emptied, when the run ends, then nothing is waited for")
  func nothingToSend() throws {
    let fixture = try SpoolFixture(), file = try fixture.open()
    _ = try file.commit(.init(added: [SpoolFixture.item(0)]))
    _ = try file.commit(.init(acknowledged: 1))
    try file.close()
    let spool = try fixture.spool()
    var rules = DeliveryRules()
    rules.flushS = 3600
    let dispatcher = Dispatcher(
      spool, rules: rules, receiver: "test", stage: "out", clock: SystemClock(), logger: fixture.log.logger())
    let committer = Thread { spool.commitAll() }
    committer.start()
    let sending = Thread { dispatcher.run(FakeSender(FakeReceiver(seed: 1))) }
    sending.start()
    #expect(dispatcher.finish(isEnding: { false }))
    spool.close()
    #expect(spool.counts.waiting == 0)
  }
}
