import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

/// The rules of a spool, in a few lines of plain Swift.
private struct SpoolModel {
  var rows: [(sequence: Int64, item: OutgoingItem, added: Int64)] = []
  var dead: [Int64] = []
  var next: Int64 = 1

  mutating func commit(_ change: SpoolFile.Change) -> SpoolFile.Effects {
    var effects = SpoolFile.Effects()
    for (sequence, _) in change.refused where rows.contains(where: { $0.sequence == sequence }) {
      rows.removeAll { $0.sequence == sequence }
      dead.append(sequence)
    }
    if let acknowledged = change.acknowledged { rows.removeAll { $0.sequence <= acknowledged } }
    if let oldest = change.oldest?.milliseconds {
      while let first = rows.first, first.added < oldest {
        rows.removeFirst()
        effects.expired += 1
      }
    }
    for item in change.added {
      rows.append((next, item, change.now.milliseconds))
      next += 1
    }
    while let limit = change.maxBytes, bytes > limit {
      rows.removeFirst()
      effects.dropped += 1
    }
    return effects
  }

  var bytes: Int { rows.reduce(0) { $0 + $1.item.storedBytes } }
}

@Suite("Spools: the file")
struct SpoolFileTests {
  @Test(
    "given random changes and new openings, when compared with a plain model, then both hold the same at every step",
    arguments: 0..<20)
  func likeTheModel(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    let fixture = try SpoolFixture()
    var model = SpoolModel(), file = try fixture.open(), number = 0, time: Int64 = 1_000_000
    for _ in 0..<60 {
      if pick(0...9) == 0 {
        try file.close()
        file = try fixture.open()
      }
      // Now and then the clock is set back.
      time += Int64(pick(-20...100))
      var change = SpoolFile.Change(now: WallTime(nanoseconds: time * 1_000_000))
      for _ in 0..<pick(0...12) {
        change.added.append(SpoolFixture.item(number, stream: "s\(pick(0...2))", bytes: pick(0...400)))
        number += 1
      }
      if pick(0...2) == 0 { change.acknowledged = model.rows.first.map { $0.sequence + Int64(pick(-1...6)) } }
      if pick(0...4) == 0, let row = model.rows.randomElement(using: &random) {
        change.refused = [(row.sequence, "no")]
      }
      if pick(0...5) == 0 { change.oldest = WallTime(nanoseconds: (time - Int64(pick(0...400))) * 1_000_000) }
      if pick(0...2) == 0 { change.maxBytes = pick(200...4000) }
      let expected = model.commit(change), (effects, contents) = try file.commit(change)
      #expect(effects == expected)
      #expect(contents.items == model.rows.count && contents.bytes == model.bytes)
      #expect(contents.dead == model.dead.count || change.refused.isEmpty)
      #expect(try file.all() == model.rows.map(\.item))
      #expect(try file.rows(after: 0, limit: .max, bytes: .max).rows.map(\.sequence) == model.rows.map(\.sequence))
    }
    try file.close()
    #expect(try fixture.open().contents.dead == model.dead.count)
  }

  @Test("given a limit on a batch, when rows are read, then they end before it, but for the first")
  func batches() throws {
    let file = try SpoolFixture().open()
    _ = try file.commit(.init(added: (0..<10).map { SpoolFixture.item($0, bytes: 1000) }))
    #expect(try file.rows(after: 0, limit: 3, bytes: .max).rows.map(\.sequence) == [1, 2, 3])
    #expect(try file.rows(after: 4, limit: 10, bytes: 2500).rows.map(\.sequence) == [5, 6])
    #expect(try file.rows(after: 8, limit: 10, bytes: 1).rows.map(\.sequence) == [9])
    #expect(try file.rows(after: 10, limit: 10, bytes: 1).rows.isEmpty)
  }

  @Test(
    "given a file that was cut or whose bytes were flipped, when opened, then what is read is what was written, in order",
    arguments: 0..<24)
  func damage(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let fixture = try SpoolFixture(), items = (0..<200).map { SpoolFixture.item($0, bytes: 300) }
    let file = try fixture.open()
    for start in stride(from: 0, to: 200, by: 20) {
      _ = try file.commit(.init(added: Array(items[start..<start + 20])))
    }
    // As a kill leaves it: what was committed last is in the log beside the file.
    let copy = try SpoolFixture()
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: fixture.path + suffix) {
      try FileManager.default.copyItem(atPath: fixture.path + suffix, toPath: copy.path + suffix)
    }
    if seed % 3 == 0 { try file.close() }
    if seed % 3 == 0 {
      try? FileManager.default.removeItem(atPath: copy.path + "-wal")
      try FileManager.default.removeItem(atPath: copy.path)
      try FileManager.default.copyItem(atPath: fixture.path, toPath: copy.path)
    }
    let victim = seed % 3 == 1 ? copy.path + "-wal" : copy.path
    var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: victim)))
    if seed % 2 == 0, !bytes.isEmpty {
      bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
    } else {
      for _ in 0..<Int.random(in: 1...40, using: &random) where !bytes.isEmpty {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      }
    }
    try Data(bytes).write(to: URL(fileURLWithPath: victim))
    let opened = try copy.open()
    let numbers = try opened.all().map { items.firstIndex(of: $0) }
    #expect(!numbers.contains(nil))
    #expect(numbers.compactMap { $0 } == numbers.compactMap { $0 }.sorted())
    // And it takes new ones.
    _ = try opened.commit(.init(added: [SpoolFixture.item(1000)]))
    #expect(try opened.all().last == SpoolFixture.item(1000))
  }

  @Test("given a row that is no longer what was written, when read, then it is named once and the others are given")
  func damagedRow() throws {
    let fixture = try SpoolFixture(), file = try fixture.open()
    _ = try file.commit(.init(added: (0..<3).map { SpoolFixture.item($0) }))
    try file.close()
    let result = try TestData.run(
      URL(fileURLWithPath: "/usr/bin/env"),
      [
        "python3", "-c",
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(\"UPDATE item SET body = x'00' WHERE sequence = 2\"); db.commit()",
        fixture.path,
      ])
    try #require(result.status == 0)
    let opened = try fixture.open()
    let before = try opened.rows(after: 0, limit: .max, bytes: .max)
    #expect(before.rows.map(\.sequence) == [1] && before.damaged.isEmpty)
    let behind = try opened.rows(after: 1, limit: .max, bytes: .max)
    #expect(behind.rows.map(\.sequence) == [3] && behind.damaged == [2])
  }

  @Test("given a file that is no database, when opened, then it is kept beside a new one")
  func notADatabase() throws {
    let fixture = try SpoolFixture()
    try Data("no database at all, but long enough to be looked at".utf8).write(to: URL(fileURLWithPath: fixture.path))
    #expect(try fixture.open().contents.items == 0)
    #expect(FileManager.default.fileExists(atPath: fixture.path + ".damaged"))
    #expect(fixture.log.all.contains { $0.contains("was damaged") })
  }

  @Test("given names of any characters, when they become files, then they differ and stay in their folder")
  func names() {
    let names = ["a", "A/b", "A%2Fb", "..", ".", "", "ü", "a.b", "cam 1", "a\nb"]
    let files = names.map { FileName.text(of: $0) }
    #expect(Set(files).count == names.count)
    #expect(files.allSatisfy { !$0.contains("/") && $0 != ".." && $0 != "." && !$0.isEmpty })
    #expect(SpoolPlace(pipeline: "p", sink: "hook", state: "/s").database == "/s/spool/p/hook.sqlite")
  }
}
