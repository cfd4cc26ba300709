import EdgepipeCore
import PipelineTesting
import Testing

@testable import EdgepipeService

@Suite("When a run takes too much memory")
struct MemoryLimitRuleTests {
  private let clock = ManualClock()
  private var rule = MemoryLimitRule()

  private mutating func look(_ usedMB: Double) -> MemoryLimitRule.Action? {
    rule.look(usedMB: usedMB, shareMB: 1000, at: clock.now())
  }

  @Test("given less than 85 % of the share, then nothing is done")
  mutating func within() {
    for used in [0, 500, 850.0] { #expect(look(used) == nil) }
  }

  @Test("given more, then the run is restarted once, and it is well below 80 %")
  mutating func restart() {
    #expect(look(851) == .restart)
    clock.advance(milliseconds: 5000)
    // It drains.
    #expect(look(900) == nil)
    #expect(look(820) == nil)
    #expect(look(800) == .recovered)
    #expect(look(100) == nil)
  }

  @Test(
    "given three restarts within the hour, then it gets less work, a step a minute, and is restarted after the hour")
  mutating func lessWork() {
    for _ in 0..<3 {
      #expect(look(900) == .restart)
      clock.advance(milliseconds: 60_000)
      #expect(look(100) == .recovered)
    }
    #expect(look(900) == .lessWork)
    clock.advance(milliseconds: 59_000)
    #expect(look(900) == nil)
    clock.advance(milliseconds: 1000)
    #expect(look(900) == .lessWork)
    #expect(look(100) == .recovered)
    clock.advance(milliseconds: 3_600_000)
    #expect(look(900) == .restart)
  }

  @Test("given a restart that does not help, then after a minute it gets less work")
  mutating func noHelp() {
    #expect(look(900) == .restart)
    clock.advance(milliseconds: 59_000)
    #expect(look(900) == nil)
    clock.advance(milliseconds: 2000)
    #expect(look(900) == .lessWork)
  }
}

@Suite("When a stage is stuck")
struct ProgressRuleTests {
  private let clock = ManualClock()
  private var rule = ProgressRule(stuckS: 20)

  private mutating func look(_ stages: (id: String, done: Int, waiting: Int)...) -> String? {
    rule.look(
      stages.map { ProgressRule.Stage(id: $0.id, done: $0.done, waiting: $0.waiting, serviceP95Ms: 10) },
      at: clock.now()
    )?.stage
  }

  @Test("given frames that wait and a stage that goes on or has nothing to do, then it is not stuck")
  mutating func goesOn() {
    for second in 0..<100 {
      #expect(look(("a", second, 4), ("b", 7, 0)) == nil)
      clock.advance(milliseconds: 1000)
    }
  }

  @Test("given a stage that stops, then the last of those that wait is named after 20 seconds, and not before")
  mutating func stops() {
    #expect(look(("a", 1, 4), ("b", 1, 4)) == nil)
    #expect(look(("a", 2, 4), ("b", 2, 4)) == nil)
    clock.advance(milliseconds: 19_900)
    #expect(look(("a", 2, 4), ("b", 2, 4)) == nil)
    clock.advance(milliseconds: 200)
    #expect(look(("a", 2, 4), ("b", 2, 4)) == "b")
    #expect(rule.hasBegun)
    #expect(look(("a", 2, 4), ("b", 3, 4)) == "a")
  }

  @Test("given a stage that has done nothing yet, then it has two minutes, since it may open a model")
  mutating func begins() {
    #expect(look(("a", 0, 4)) == nil)
    clock.advance(milliseconds: 119_000)
    #expect(look(("a", 0, 4)) == nil)
    #expect(!rule.hasBegun)
    clock.advance(milliseconds: 1000)
    #expect(look(("a", 0, 4)) == "a")
  }

  @Test("given a stage whose frames take long, then it has five times as long")
  mutating func slow() {
    func stage(_ done: Int) -> ProgressRule.Stage {
      ProgressRule.Stage(id: "a", done: done, waiting: 1, serviceP95Ms: 10_000)
    }
    #expect(rule.look([stage(0)], at: clock.now()) == nil)
    #expect(rule.look([stage(1)], at: clock.now()) == nil)
    clock.advance(milliseconds: 49_000)
    #expect(rule.look([stage(1)], at: clock.now()) == nil)
    clock.advance(milliseconds: 1000)
    #expect(rule.look([stage(1)], at: clock.now())?.stage == "a")
  }

  @Test("given figures of a run, then outs and failures count, and what is no stage is left out")
  func figures() {
    let stage: ReportValue = .object([
      "id": .string("a"), "in": .int(9), "out": .int(3), "dropped": .int(5), "failed": .int(1), "queue": .int(2),
      "service_p95_ms": .double(1.5),
    ])
    #expect(
      ProgressRule.Stage.all(in: ["stages": .list([stage, .int(1), .object([:])])])
        == [ProgressRule.Stage(id: "a", done: 4, waiting: 2, serviceP95Ms: 1.5)])
    #expect(ProgressRule.Stage.all(in: [:]).isEmpty)
  }
}

@Suite("When notices go out")
struct NoticeRuleTests {
  private let clock = ManualClock()
  private var rule = NoticeRule()

  private mutating func add(_ number: Int, _ fault: String = "memory") -> Int? {
    let kind = NoticeRule.Kind(event: "fault", fault: fault, pipeline: "door", stage: "", stream: "")
    return rule.add(["n": .int(number)], of: kind, at: clock.now()).map { $0.count }
  }

  @Test("given the first of a kind, then it goes at once; others within a minute follow as one, the last of them")
  mutating func joined() {
    #expect(add(1) == 1)
    #expect(add(2) == nil && add(3) == nil)
    #expect(add(1, "stuck") == 1)
    #expect(rule.due(at: clock.now()).isEmpty)
    clock.advance(milliseconds: 59_999)
    #expect(rule.due(at: clock.now()).isEmpty && rule.next == clock.now().advanced(byMilliseconds: 1))
    clock.advance(milliseconds: 1)
    #expect(rule.due(at: clock.now()) == [NoticeRule.Due(message: ["n": .int(3)], count: 2)])
    #expect(rule.next == nil)
    // The minute begins anew with what was sent.
    #expect(add(4) == nil)
    clock.advance(milliseconds: 60_000)
    #expect(rule.due(at: clock.now()).map(\.count) == [1])
    clock.advance(milliseconds: 60_000)
    #expect(add(5) == 1)
  }

  @Test("given a notice that nobody takes when its minute is over, when another comes, then that one stands for both")
  mutating func late() {
    #expect(add(1) == 1 && add(2) == nil && add(3) == nil)
    clock.advance(milliseconds: 61_000)
    #expect(add(4) == 3)
    #expect(rule.due(at: clock.now()).isEmpty && rule.next == nil)
  }

  @Test("given random notices, then none of a kind goes out twice a minute, and none is lost")
  mutating func property() {
    var random = SplitMix64(seed: 18)
    var sent: [Int: MonotonicTime] = [:], given = 0, gone = 0
    func note(_ kind: Int, _ count: Int) {
      if let last = sent[kind] { #expect(clock.now() >= last.advanced(byMilliseconds: 60_000)) }
      sent[kind] = clock.now()
      gone += count
    }
    for _ in 0..<3000 {
      let number = Int.random(in: 0..<6, using: &random)
      given += 1
      let kind = NoticeRule.Kind(event: "fault", fault: "\(number)", pipeline: "", stage: "", stream: "")
      if let due = rule.add(["n": .int(number)], of: kind, at: clock.now()) { note(number, due.count) }
      clock.advance(milliseconds: Double.random(in: 0..<20_000, using: &random))
      for due in rule.due(at: clock.now()) { if case .int(let number)? = due.message["n"] { note(number, due.count) } }
    }
    clock.advance(milliseconds: 60_000)
    for due in rule.due(at: clock.now()) { if case .int(let number)? = due.message["n"] { note(number, due.count) } }
    #expect(given == gone)
  }

  @Test("given more kinds than are kept, then memory stays bounded and each is still told")
  mutating func bounded() {
    for number in 0..<3000 { #expect(add(number, "fault \(number)") == 1) }
    clock.advance(milliseconds: 60_000)
    #expect(rule.due(at: clock.now()).isEmpty)
  }
}
