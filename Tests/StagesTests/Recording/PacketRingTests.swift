import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite("The ring of packets")
struct PacketRingTests {
  private struct Item: Equatable {
    var serial: Int
    var bytes: Int
    var isKey: Bool
  }

  /// The same rules in plain words: everything that was ever taken, and what must be left of it.
  private struct Model {
    var limit: Int
    var items: [Item] = []
    var next = 0
    var takesAll = false
    var isTooLarge = false

    mutating func append(_ bytes: Int, isKey: Bool, needed: Int) -> Bool {
      if isKey {
        (takesAll, isTooLarge) = (true, false)
      } else if !takesAll {
        // What is refused behind a group that did not fit is missing, and so has a number.
        if isTooLarge { next += 1 }
        return false
      }
      items.append(Item(serial: next, bytes: bytes, isKey: isKey))
      next += 1
      if isKey { release(needed) }
      while items.reduce(0, { $0 + $1.bytes }) > limit {
        if let second = secondKey() {
          items.removeFirst(second)
        } else {
          items = []
          (takesAll, isTooLarge) = (false, true)
        }
      }
      return takesAll
    }

    mutating func release(_ needed: Int) {
      while let second = secondKey(), items[second].serial <= needed { items.removeFirst(second) }
    }

    private func secondKey() -> Int? { items.dropFirst().firstIndex { $0.isKey } }
  }

  @Test(
    "given random packets and readers, when kept, then it agrees with the model, within its bytes, from a key frame on")
  func agrees() {
    for seed in 0..<200 {
      var random = SinkFixture.Random(seed: UInt64(seed))
      let limit = Int.random(in: 10...400, using: &random)
      var ring = PacketRing<Item>(limit: limit), model = Model(limit: limit)
      for _ in 0..<300 {
        let needed = Int.random(in: max(0, model.next - 60)...model.next, using: &random)
        let isKey = Int.random(in: 0..<8, using: &random) == 0, bytes = Int.random(in: 1...60, using: &random)
        let item = Item(serial: ring.next, bytes: bytes, isKey: isKey)
        let isTaken = ring.append(item, bytes: bytes, startsGroup: isKey, needed: needed)
        let isExpected = model.append(bytes, isKey: isKey, needed: needed)
        #expect(isTaken == isExpected)
        if Int.random(in: 0..<10, using: &random) == 0 {
          let floor = Int.random(in: 0...model.next, using: &random)
          ring.release(before: floor)
          model.release(floor)
        }
        #expect(ring.bytes <= limit)
        #expect(ring.bytes == model.items.reduce(0) { $0 + $1.bytes })
        let content = ring.elements(from: ring.first, count: .max)
        #expect(content == model.items)
        #expect(content.first?.isKey ?? true)
        #expect(ring.first == model.items.first?.serial ?? model.next)
        let from = Int.random(in: ring.first...ring.next, using: &random),
          count = Int.random(in: 0...20, using: &random)
        #expect(
          ring.elements(from: from, count: count) == Array(model.items.filter { $0.serial >= from }.prefix(count)))
        let bound = Int.random(in: 0...(model.next + 1), using: &random)
        #expect(ring.last { $0.serial < bound } == model.items.last { $0.serial < bound }?.serial)
        #expect(ring.groupStart { $0.serial < bound } == model.items.last { $0.isKey && $0.serial < bound }?.serial)
      }
    }
  }

  @Test(
    "given a group larger than the ring, when it comes, then nothing of it stays, and the next key frame begins anew")
  func tooLarge() {
    var ring = PacketRing<Int>(limit: 100)
    var taken: [Bool] = []
    for index in 0..<5 { taken.append(ring.append(index, bytes: 30, startsGroup: index == 0, needed: 0)) }
    #expect(taken == [true, true, true, false, false])
    #expect(ring.elements(from: 0, count: 9).isEmpty && ring.bytes == 0 && ring.first == 5)
    let isTaken = ring.append(9, bytes: 30, startsGroup: true, needed: 0)
    #expect(isTaken)
    #expect(ring.elements(from: ring.first, count: 9) == [9])
  }

  @Test("given nobody who needs the past, when key frames come, then the last group alone stays")
  func nobody() {
    var ring = PacketRing<Int>(limit: 1000)
    for index in 0..<25 { _ = ring.append(index, bytes: 10, startsGroup: index % 10 == 0, needed: .max) }
    #expect(ring.elements(from: 0, count: 9) == [] && ring.first == 20)
    #expect(ring.elements(from: 20, count: 9) == [20, 21, 22, 23, 24])
  }
}
