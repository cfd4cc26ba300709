import EdgepipeCore
import Foundation
import PipelineTestSupport
import Synchronization
import Testing

@testable import Stages

@Suite("Differential privacy: what is spent stays spent")
final class PrivacyBudgetTests {
  private let folder: URL
  private let now = Clock()
  private var path: String { folder.appendingPathComponent("a.budget").path }

  private final class Clock: Sendable {
    let seconds = Mutex(1000.0)
    func pass(_ more: Double) { seconds.withLock { $0 += more } }
  }

  init() throws { folder = try TestData.temporaryFolder("budget") }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func open(
    _ path: String? = nil, boot: String = "b1", machine: String = "m", millionths: UInt64 = 10_000_000
  ) throws -> PrivacyBudget {
    try PrivacyBudget(
      path: path ?? self.path, rules: .init(millionths: millionths, periodS: 3600),
      place: .init(boot: boot, machine: machine, secondsSinceBoot: { [now] in now.seconds.withLock { $0 } }))
  }

  private func expectRefused(_ words: String, _ body: () throws -> PrivacyBudget) {
    let error = #expect(throws: PipelineError.self) { _ = try body() }
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test("given a budget, when it is spent, then nothing more is given, also after restarts, until its period is over")
  func spends() throws {
    for round in 0..<10 {
      let budget = try open()
      #expect(budget.left == UInt64(10 - round) * 1_000_000)
      #expect(try budget.spend(1_000_000))
    }
    #expect(try !open().spend(1))
    now.pass(3599)
    #expect(try !open().spend(1))
    now.pass(2)
    let budget = try open()
    #expect(try !budget.spend(10_000_001) && budget.spend(10_000_000))
    #expect(try !budget.spend(.max))
  }

  @Test("given a machine that starts again, then the time for which it was off does not end the period")
  func boots() throws {
    #expect(try open().spend(10_000_000))
    now.pass(-900)
    #expect(try !open(boot: "b2").spend(1))
    now.pass(3500)
    #expect(try !open(boot: "b2").spend(1))
    now.pass(101)
    #expect(try open(boot: "b2").spend(1))
  }

  @Test("given a clock that goes back within one boot, then no time has passed")
  func back() throws {
    #expect(try open().spend(10_000_000))
    now.pass(-500)
    #expect(try !open().spend(1))
    now.pass(500)
    #expect(try !open().spend(1), "what passed before is not counted twice")
  }

  @Test("given a copy of the file, when it is used, then it is refused, there and in the place of the file")
  func copies() throws {
    let old = folder.appendingPathComponent("old").path
    #expect(try open().spend(4_000_000))
    try FileManager.default.copyItem(atPath: path, toPath: old)
    #expect(try open().spend(6_000_000))
    expectRefused("a copy") { try self.open(old) }
    expectRefused("another machine") { try self.open(machine: "m2") }
    // Written over the file, as `cp` does.
    let bytes = try Data(contentsOf: URL(fileURLWithPath: old))
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.write(contentsOf: bytes)
    try handle.close()
    let keepsAttributes =
      try TestData.run(
        URL(fileURLWithPath: "/usr/bin/env"), ["sh", "-c", "df --output=fstype '\(folder.path)' | tail -1"])
    if !String(decoding: keepsAttributes.output, as: UTF8.self).contains("tmpfs") {
      expectRefused("older copy") { try self.open() }
    }
  }

  @Test("given a budget that a run has, when another one opens it, then it is refused")
  func inUse() throws {
    let first = try open()
    expectRefused("in use") { try self.open() }
    withExtendedLifetime(first) {}
  }

  @Test("given a record that was cut off, when the file is opened, then the one before counts; with none it is refused")
  func torn() throws {
    #expect(try open().spend(3_000_000))
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(whole.count == 1536)
    for slot in [1, 2] {
      var bytes = whole
      for index in 20..<500 { bytes[slot * 512 + index] = 0 }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.write(contentsOf: bytes)
      try handle.close()
      // Either the last record is whole, or its number is beside the file.
      if let budget = try? open() { #expect(budget.left <= 7_000_000) }
      let again = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try again.write(contentsOf: whole)
      try again.close()
    }
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.write(contentsOf: Data(count: 1536))
    try handle.close()
    expectRefused("damaged") { try self.open() }
  }

  @Test(
    "given random spending with restarts, boots and hours, then no period has more than its budget", arguments: 0..<20)
  func property(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed)), boot = 0, inPeriod: UInt64 = 0, left = 3600.0
    for _ in 0..<200 {
      let budget = try open(boot: "b\(boot)")
      for _ in 0..<Int.random(in: 0..<4, using: &random) {
        let wish = UInt64.random(in: 1...4_000_000, using: &random)
        let isGiven = try budget.spend(wish)
        #expect(isGiven == (inPeriod + wish <= 10_000_000))
        if isGiven { inPeriod += wish }
      }
      let pause = Double(Int.random(in: 0..<600, using: &random))
      now.pass(pause)
      if Int.random(in: 0..<8, using: &random) == 0 {
        boot += 1
      } else {
        left -= pause
        if left <= 0 { (left, inPeriod) = (left + 3600, 0) }
      }
    }
  }
}
