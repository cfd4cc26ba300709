import EdgepipeCore
import Pipeline
import PipelineTestSupport
import Testing

@testable import Stages

/// The rule with a clock that a test turns, and inferences that take what the test says.
private struct RuleRun {
  var rule: InferenceRule
  private(set) var seconds = 0.0
  private(set) var told: [FaultChange] = []
  private(set) var switches: [(change: InferenceRule.Switch, at: Double)] = []

  init(slowMs: Double? = nil, retryS: Double? = 30, sharesModel: Bool = false) {
    var settings = InferenceRule.Settings(stage: "objects", timeoutMs: 5000, slowMs: slowMs)
    settings.retryS = retryS
    settings.sharesModel = sharesModel
    rule = InferenceRule(settings, now: Self.instant(0).time)
  }

  private static func instant(_ seconds: Double) -> InferenceRule.Instant {
    let nanoseconds = Int64(seconds * 1e9)
    return .init(time: MonotonicTime(nanoseconds: nanoseconds), wall: WallTime(nanoseconds: nanoseconds))
  }

  private mutating func take(_ outcome: InferenceRule.Outcome) {
    if let change = outcome.told { told.append(change) }
    if let change = outcome.change { switches.append((change, seconds)) }
  }

  mutating func hang() { take(rule.noteHang(at: Self.instant(seconds))) }

  mutating func takeOver() { take(rule.takeOver(at: Self.instant(seconds))) }

  /// - Parameter ms: what an inference takes now; nil: there is none.
  mutating func run(_ duration: Double, perSecond: Int = 10, ms: (_ isFallen: Bool) -> Double?) {
    for _ in 0..<Int(duration) {
      for index in 0..<perSecond {
        guard let ms = ms(rule.isFallen) else { continue }
        rule.note(ms, at: Self.instant(seconds + Double(index) / Double(perSecond)).time)
      }
      seconds += 1
      take(rule.look(at: Self.instant(seconds)))
    }
  }

  var phases: [String] { told.map(\.phase.rawValue) }
}

@Suite("Detection: the fallback of a model that hangs or is slow")
struct InferenceRuleTests {
  @Test("given a hang, when there is a fallback, then it is used at once, and the model again once it answers")
  func hangs() {
    var run = RuleRun()
    run.run(5) { _ in 10 }
    run.hang()
    #expect(run.switches.map(\.change) == [.toFallback] && run.rule.isHanging)
    // Another worker hangs with the same model.
    run.hang()
    run.run(60) { _ in 10 }
    #expect(run.switches.map(\.change) == [.toFallback, .toOwn])
    #expect(run.switches.map(\.at) == [5, 35])
    #expect(run.phases == ["fault", "recovered"])
    #expect(run.told.allSatisfy { $0.fault == "hang" && $0.stage == "objects" })
    #expect(run.told[1].seconds == 42, "the pause and the trial")
    #expect(run.told[0].message.contains("5000 ms"))
  }

  @Test("given a model that hangs whenever it is tried, then it is tried less and less often, and told once")
  func hangsAlways() {
    var run = RuleRun()
    run.hang()
    for _ in 0..<4 * 3600 {
      run.run(1) { $0 ? 10 : nil }
      if !run.rule.isFallen { run.hang() }
    }
    #expect(run.phases == ["fault"])
    let trials = run.switches.filter { $0.change == .toOwn }.map(\.at)
    let pauses = zip(trials, [0] + trials).map { $0 - $1 }
    #expect(pauses.prefix(7).map { ($0 / 10).rounded() * 10 } == [30, 60, 120, 240, 480, 960, 1800], "\(pauses)")
    #expect(pauses.allSatisfy { $0 <= 1802 })
  }

  @Test("given a hang, when there is no fallback, then it is told, and over once the model has answered for a while")
  func hangsWithoutFallback() {
    var run = RuleRun(retryS: nil)
    run.hang()
    run.run(30) { _ in nil }
    #expect(run.phases == ["fault"], "without an answer it is not well")
    run.run(13) { _ in 10 }
    #expect(run.phases == ["fault", "recovered"] && run.switches.isEmpty)
  }

  @Test("given slow answers, when they last, then the fallback is used; a moment of them is nothing")
  func slow() throws {
    var run = RuleRun(slowMs: 100)
    run.run(60) { _ in 50 }
    run.run(1, perSecond: 4) { _ in 500 }
    run.run(30) { _ in 50 }
    // One in a hundred is no 95th percentile.
    var count = 0
    run.run(60) { _ in
      count += 1
      return count.isMultiple(of: 100) ? 5000 : 50
    }
    run.run(12) { isFallen in isFallen ? 20 : 150 }
    let fault = try #require(run.told.first)
    #expect(fault.fault == "slow" && fault.figures == [.init("p95_ms", 150, limit: 100)])
    run.run(60) { _ in 50 }
    #expect(run.phases == ["fault", "recovered"])
    #expect(run.switches.map(\.change) == [.toFallback, .toOwn])
    #expect(run.told[1].figures == [.init("p95_ms", 50, limit: 100)])
  }

  @Test("given a fallback of the same model, when that is still slow, then the stage's own options wait")
  func sharesModel() {
    var run = RuleRun(slowMs: 100, sharesModel: true)
    run.run(15) { _ in 150 }
    #expect(run.rule.isFallen)
    run.run(300) { _ in 95 }
    #expect(run.switches.map(\.change) == [.toFallback], "near the limit it is not well")
    run.run(60) { _ in 60 }
    #expect(run.switches.map(\.change) == [.toFallback, .toOwn] && run.phases == ["fault", "recovered"])
  }

  @Test("given a detector that looks once a second, when it is slow, then that is noticed, too")
  func seldom() {
    var run = RuleRun(slowMs: 100)
    run.run(25, perSecond: 1) { $0 ? 20 : 150 }
    #expect(run.phases == ["fault"])
  }

  @Test(
    "given a machine at its limit, when it is slow for random times, then faults and recoveries alternate and changes grow rare",
    arguments: 0..<20)
  func flaps(seed: Int) {
    var run = RuleRun(slowMs: 100), random = SplitMix64(seed: UInt64(seed))
    var isSlow = false
    for _ in 0..<240 {
      if Bool.random(using: &random) { isSlow.toggle() }
      let ms = isSlow ? 150.0 : 60
      run.run(Double(Int.random(in: 5...30, using: &random))) { $0 ? 20 : ms }
    }
    let expected = (0..<run.phases.count).map { $0.isMultiple(of: 2) ? "fault" : "recovered" }
    #expect(run.phases == expected)
    for (one, next) in zip(run.switches, run.switches.dropFirst()) { #expect(one.change != next.change) }
    // An hour of a machine that is slow for half of it, in periods of half a minute: at most every second minute.
    #expect(run.switches.count <= Int(run.seconds / 120), "\(run.switches.count) in \(run.seconds) s")
    for (fault, next) in zip(run.told, run.told.dropFirst(2)) where fault.phase == .fault {
      let apart = Double(next.since.nanoseconds - fault.since.nanoseconds) / 1e9
      #expect(apart >= 42, "told again after \(apart) s")
    }
  }

  @Test("given options that somebody else has chosen, when the stage does with less, then those are its own")
  func takenOver() {
    var run = RuleRun()
    run.hang()
    run.run(5) { _ in 10 }
    run.takeOver()
    run.run(20) { _ in 10 }
    #expect(run.switches.map(\.change) == [.toFallback] && run.phases == ["fault", "recovered"])
  }
}
