import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeOutputs
@testable import Pipeline

/// What fates have been told.
private final class Told: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  func follow(_ fate: DeferredFate) {
    fate.whenSettled { [self] settlement in
      let word =
        switch settlement {
        case .delivered: "delivered"
        case .dropped(let reason): reason.rawValue
        case .failed: "failed"
        }
      counts.withLock { $0[word, default: 0] += 1 }
    }
  }

  var all: [String: Int] { counts.withLock { $0 } }
}

@Suite("Spools: taking over and giving out", .timeLimit(.minutes(10)))
struct SpoolTests {
  @Test("given results of many frames, when the spool is closed, then all are on the disk, in order, in few commits")
  func groups() throws {
    let fixture = try SpoolFixture(), spool = try fixture.spool(), told = Told()
    let committer = Thread { spool.commitAll() }
    committer.start()
    for number in 0..<5000 { told.follow(spool.put([SpoolFixture.item(number)])) }
    spool.close()
    #expect(told.all == ["delivered": 5000])
    #expect(spool.counts.committed == 5000 && spool.counts.waiting == 5000)
    // Each commit but the first waits for its time or for a large group.
    #expect(spool.counts.commits <= 500)
    #expect(try fixture.open().all() == (0..<5000).map { SpoolFixture.item($0) })
  }

  @Test("given a limit, when more comes, then the oldest are dropped and counted, and the rest waits in order")
  func dropsOldest() throws {
    var settings = SpoolSettings()
    settings.maxMB = 0.1
    let fixture = try SpoolFixture(), spool = try fixture.spool(settings), told = Told()
    let committer = Thread { spool.commitAll() }
    committer.start()
    for number in 0..<400 { told.follow(spool.put([SpoolFixture.item(number, bytes: 1000)])) }
    spool.close()
    let left = try fixture.open().all()
    #expect(told.all == ["delivered": 400])
    #expect(spool.counts.dropped == 400 - left.count && left.count > 50)
    #expect(left == (400 - left.count..<400).map { SpoolFixture.item($0, bytes: 1000) })
    #expect(left.reduce(0) { $0 + $1.storedBytes } <= 100_000)
  }

  @Test("given a spool that blocks, when it is full, then it takes nothing until the receiver has, and loses nothing")
  func blocks() throws {
    var settings = SpoolSettings()
    (settings.maxMB, settings.whenFull) = (0.1, "block")
    let fixture = try SpoolFixture(), spool = try fixture.spool(settings), told = Told()
    let committer = Thread { spool.commitAll() }
    committer.start()
    let received = Mutex<[OutgoingItem]>([]), isDone = Atomic<Bool>(false)
    let producer = Thread {
      for number in 0..<400 { told.follow(spool.put([SpoolFixture.item(number, bytes: 1000)])) }
      isDone.store(true, ordering: .releasing)
    }
    producer.start()
    var cursor: Int64 = 0
    while received.withLock({ $0.count }) < 400 {
      let rows = spool.next(
        after: cursor, limit: 7, bytes: .max, until: SystemClock().now().advanced(byMilliseconds: 50)
      ).rows
      #expect(spool.counts.waitingBytes <= 100_000)
      guard let last = rows.last else { continue }
      cursor = last.sequence
      received.withLock { $0 += rows.map(\.item) }
      spool.acknowledge(through: cursor, items: rows.count)
    }
    spool.close()
    while !isDone.load(ordering: .acquiring) { sched_yield() }
    #expect(received.withLock { $0 } == (0..<400).map { SpoolFixture.item($0, bytes: 1000) })
    #expect(spool.counts.dropped == 0 && told.all == ["delivered": 400])
  }

  @Test("given a full spool that blocks, when the run ends, then nothing waits and what is lost is told")
  func endsWhileBlocked() throws {
    var settings = SpoolSettings()
    (settings.maxMB, settings.whenFull) = (0.1, "block")
    let fixture = try SpoolFixture(), spool = try fixture.spool(settings), told = Told()
    let committer = Thread { spool.commitAll() }
    committer.start()
    told.follow(spool.put([SpoolFixture.item(0, bytes: 90_000)], isEnding: { false }))
    told.follow(spool.put([SpoolFixture.item(1, bytes: 90_000)], isEnding: { true }))
    spool.close()
    #expect(told.all == ["delivered": 1, "spool-full": 1])
  }

  @Test("given a disk that takes nothing, when results come, then each is told its fate and none waits for ever")
  func unwritable() throws {
    let fixture = try SpoolFixture(), file = try fixture.open(), told = Told()
    let spool = Spool(file, settings: SpoolSettings(), clock: SystemClock(), logger: fixture.log.logger())
    try file.close()
    let committer = Thread { spool.commitAll() }
    committer.start()
    let count = 40
    for number in 0..<count {
      told.follow(spool.put([SpoolFixture.item(number, bytes: 500_000)]))
      if number == 0 { while spool.counts.diskTrouble == nil { sched_yield() } }
    }
    spool.close()
    #expect(told.all == ["unwritten": count])
    #expect(spool.counts.unwritten == count && spool.counts.committed == 0)
    #expect(fixture.log.all.contains { $0.contains("cannot be written") })
  }

  @Test("given what an earlier run left, when the next one opens the spool, then that goes out first")
  func takenOver() throws {
    let fixture = try SpoolFixture(), file = try fixture.open()
    _ = try file.commit(.init(added: (0..<3).map { SpoolFixture.item($0) }, now: SystemClock().wallTime()))
    try file.close()
    let spool = try fixture.spool()
    #expect(spool.counts.found == 3)
    let committer = Thread { spool.commitAll() }
    committer.start()
    _ = spool.put([SpoolFixture.item(3)])
    spool.flush()
    let rows = spool.next(after: 0, limit: 10, bytes: .max, until: SystemClock().now()).rows
    #expect(rows.map(\.item) == (0..<4).map { SpoolFixture.item($0) })
    spool.close()
  }

  @Test(
    "given a spool that an earlier run emptied, when asked what comes next, then it says where to go on, and waits there"
  )
  func emptied() throws {
    let fixture = try SpoolFixture(), file = try fixture.open()
    _ = try file.commit(.init(added: (0..<3).map { SpoolFixture.item($0) }))
    _ = try file.commit(.init(acknowledged: 3))
    try file.close()
    let spool = try fixture.spool(), now = SystemClock().now()
    let first = spool.next(after: 0, limit: 10, bytes: .max, until: now)
    #expect(first.rows.isEmpty && first.end == 3)
    let second = spool.next(after: first.end, limit: 10, bytes: .max, until: now)
    #expect(second.rows.isEmpty && second.end == 3)
    #expect(spool.isDelivered(through: second.end))
  }
}
