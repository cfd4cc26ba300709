@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import Pipeline

@Suite("Bounded queue between threads")
struct BoundedQueueTests {
  @Test("given two producers and two consumers, when all have run, then every item came out exactly once")
  func conservesItems() throws {
    let queue = BoundedQueue<Item>(capacity: 3, policy: .block, clock: SystemClock())
    let seen = Mutex<[Int]>([])
    let producers = try (0..<2).map { producer in
      try WorkerThread(name: "producer") {
        for number in 0..<2000 { _ = queue.push(Item(number: producer * 2000 + number)) }
      }
    }
    let consumers = try (0..<2).map { _ in
      try WorkerThread(name: "consumer") {
        while let popped = queue.pop() { seen.withLock { $0.append(popped.element.number) } }
      }
    }
    producers.forEach { $0.join() }
    queue.close()
    consumers.forEach { $0.join() }
    #expect(seen.withLock { $0.sorted() } == Array(0..<4000))
  }

  @Test("given a producer that waits for room, when the queue is aborted, then it goes on and its frame is reported")
  func abortReleasesProducer() throws {
    let queue = BoundedQueue<Item>(capacity: 1, policy: .block, clock: SystemClock())
    _ = queue.push(Item(number: 0))
    let losses = Mutex<[Int]>([])
    let producer = try WorkerThread(name: "producer") {
      if let loss = queue.push(Item(number: 1)) { losses.withLock { $0.append(loss.element.number) } }
    }
    let waiting = queue.abort().map(\.element.number)
    producer.join()
    // Whether the producer came before or after the abort, both frames are accounted for.
    #expect((waiting + losses.withLock { $0 }).sorted() == [0, 1])
  }
}

@Suite("Sequencer")
struct SequencerTests {
  @Test(
    "given results in random order from several threads, when all are in, then they left in order",
    arguments: [UInt64](1...10))
  func restoresOrder(seed: UInt64) throws {
    let out = Mutex<[Int]>([])
    let sequencer = Sequencer<Int> { number in out.withLock { $0.append(number) } }
    var random = SplitMix64(seed: seed)
    let shuffled = (0..<1000).shuffled(using: &random)
    let threads = try (0..<4).map { part in
      try WorkerThread(name: "worker") {
        for (position, index) in shuffled.enumerated() where position % 4 == part {
          sequencer.complete(index, index: index)
        }
      }
    }
    threads.forEach { $0.join() }
    #expect(out.withLock { $0 } == Array(0..<1000))
  }
}
