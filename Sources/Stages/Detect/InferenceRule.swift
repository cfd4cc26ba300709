import EdgepipeCore
import Pipeline

/// Decides when a detecting stage does with less, and when its own options are tried again: a plain value, by the times that
/// it is given.
///
/// A hang, or a 95th percentile above the limit for ``windowS``, begins a fault. With a fallback, the stage runs that for a
/// while and then tries its own options for a while; a trial that fails is no new fault, and the next one comes after twice
/// the time. The fault is over once a trial has gone well. Where a stage is well only for a short time, the pause does not
/// begin at its least again: a machine at its limit changes to and fro less and less often.
struct InferenceRule: Sendable {
  enum Cause: String, Sendable, CaseIterable {
    /// No answer within the time limit.
    case hang
    case slow
  }

  enum Switch: Sendable, Hashable {
    case toFallback
    case toOwn
  }

  struct Outcome: Sendable {
    var told: FaultChange?
    var change: Switch?
  }

  /// An instant on both clocks.
  struct Instant: Sendable {
    var time: MonotonicTime
    var wall: WallTime

    func seconds(since earlier: MonotonicTime) -> Double { Double(time.nanoseconds(since: earlier)) / 1e9 }
  }

  struct Settings: Sendable {
    var stage: String
    var timeoutMs = 0.0
    var slowMs: Double?
    /// Nil without a fallback.
    var retryS: Double?
    /// The fallback runs the same model on the same input, only less often: how fast it is then says how it would be.
    var sharesModel = false
  }

  private enum Phase {
    case well(since: MonotonicTime)
    case fallen(until: MonotonicTime)
    case trial(since: MonotonicTime, answers: Int)
  }

  private struct Fault {
    let cause: Cause
    let since: Instant
    let figure: FaultChange.Figure
  }

  /// The 95th percentile is that of the answers of so many seconds.
  static let windowS = 10.0
  /// Of fewer answers nothing is concluded: then those of ``longestWindowS`` count.
  static let leastAnswers = 20
  static let longestWindowS = 60.0
  static let longestTrialS = 12.0
  static let longestRetryS = 1800.0
  /// How far below the limit it must be to be well again.
  static let ease = 0.8
  private static let mostAnswers = 4096

  private let settings: Settings
  private var phase: Phase
  private var fault: Fault?
  private var retryS: Double
  private var hasFallen = false
  private var answers: [(time: MonotonicTime, ms: Double)] = []

  init(_ settings: Settings, now: MonotonicTime) {
    self.settings = settings
    phase = .well(since: now)
    retryS = settings.retryS ?? 0
  }

  /// A trial of a model that hung is over with the time in which it would hang again; of a slow one, when its answers can say
  /// something.
  private var trialS: Double {
    guard fault?.cause == .hang, settings.slowMs == nil, let first = settings.retryS else { return Self.longestTrialS }
    return min(Self.longestTrialS, max(first, 2 * settings.timeoutMs / 1000))
  }

  /// Whether the stage does with less now.
  var isFallen: Bool { if case .fallen = phase { true } else { false } }

  /// What hangs must not be given more frames.
  var isHanging: Bool { isFallen && fault?.cause == .hang }

  /// An inference has ended in time. While the stage does with less, those of the fallback count only where they say something.
  mutating func note(_ ms: Double, at time: MonotonicTime) {
    if case .trial(let since, let count) = phase { phase = .trial(since: since, answers: count + 1) }
    guard settings.slowMs != nil, !isFallen || settings.sharesModel else { return }
    if answers.count >= Self.mostAnswers { answers.removeFirst(Self.mostAnswers / 2) }
    answers.append((time, ms))
  }

  /// An inference takes longer than the time limit.
  mutating func noteHang(at now: Instant) -> Outcome {
    trouble(.hang, FaultChange.Figure("waited_ms", settings.timeoutMs, limit: settings.timeoutMs), at: now)
  }

  /// To be called about once a second.
  mutating func look(at now: Instant) -> Outcome {
    forget(now.time)
    let p95 = percentile(now.time)
    switch phase {
    case .well:
      if let figure = slowness(p95) { return trouble(.slow, figure, at: now) }
    case .trial(let since, let count):
      if let figure = slowness(p95) { return trouble(.slow, figure, at: now) }
      guard now.seconds(since: since) >= trialS, count > 0 else { return Outcome() }
      return recovered(p95, at: now)
    case .fallen(let until):
      guard now.time >= until else { return Outcome() }
      if settings.sharesModel, fault?.cause == .slow, let p95, let limit = settings.slowMs, p95 > Self.ease * limit {
        phase = .fallen(until: now.time.advanced(byMilliseconds: Self.windowS * 1000))
        return Outcome()
      }
      begin(.trial(since: now.time, answers: 0))
      return Outcome(change: .toOwn)
    }
    return Outcome()
  }

  /// Somebody else has chosen other options: these are the stage's own from now on.
  mutating func takeOver(at now: Instant) -> Outcome {
    guard isFallen else { return Outcome() }
    begin(.trial(since: now.time, answers: 0))
    return Outcome()
  }

  private mutating func trouble(_ cause: Cause, _ figure: FaultChange.Figure, at now: Instant) -> Outcome {
    var outcome = Outcome()
    switch phase {
    case .well(let since):
      if let first = settings.retryS {
        let isSoon = fault == nil && now.seconds(since: since) < 10 * retryS
        retryS = isSoon && hasFallen ? min(2 * retryS, max(first, Self.longestRetryS)) : first
      }
    case .trial:
      if let first = settings.retryS { retryS = min(2 * retryS, max(first, Self.longestRetryS)) }
    case .fallen:
      // The fallback is in trouble as well, and there is nothing lighter.
      return outcome
    }
    if fault == nil {
      let fault = Fault(cause: cause, since: now, figure: figure)
      self.fault = fault
      outcome.told = FaultChange(
        cause.rawValue, stage: settings.stage, since: now.wall, figures: [figure], message: message(fault))
    }
    if settings.retryS != nil {
      hasFallen = true
      begin(.fallen(until: now.time.advanced(byMilliseconds: retryS * 1000)))
      outcome.change = .toFallback
    } else {
      begin(.trial(since: now.time, answers: 0))
    }
    return outcome
  }

  private mutating func begin(_ phase: Phase) {
    self.phase = phase
    answers.removeAll(keepingCapacity: true)
  }

  private mutating func recovered(_ p95: Double?, at now: Instant) -> Outcome {
    phase = .well(since: now.time)
    guard let fault else { return Outcome() }
    self.fault = nil
    let seconds = now.seconds(since: fault.since.time)
    var figures: [FaultChange.Figure] = []
    if fault.cause == .slow, let p95 { figures.append(.init("p95_ms", p95, limit: settings.slowMs)) }
    return Outcome(
      told: FaultChange(
        fault.cause.rawValue, stage: settings.stage, since: fault.since.wall, over: max(0, seconds), figures: figures,
        message: "the model of '\(settings.stage)' answers in time again"))
  }

  private func message(_ fault: Fault) -> String {
    let then = settings.retryS == nil ? "" : "; the fallback is used"
    switch fault.cause {
    case .hang:
      return "the model of '\(settings.stage)' has not answered within \(Int(settings.timeoutMs)) ms\(then)"
    case .slow:
      return
        "the model of '\(settings.stage)' is slow: 95 % of its answers take up to \(Int(fault.figure.value.rounded())) ms, "
        + "more than \(Int(settings.slowMs ?? 0))\(then)"
    }
  }

  // MARK: - The 95th percentile

  private mutating func forget(_ now: MonotonicTime) {
    func isWithin(_ seconds: Double, _ time: MonotonicTime) -> Bool {
      Double(now.nanoseconds(since: time)) / 1e9 <= seconds
    }
    let recent = answers.reversed().prefix { isWithin(Self.windowS, $0.time) }.count
    let kept =
      recent >= Self.leastAnswers
      ? recent : answers.suffix(Self.leastAnswers).reversed().prefix { isWithin(Self.longestWindowS, $0.time) }.count
    answers.removeFirst(answers.count - kept)
  }

  /// Nil while there are too few answers, or of too short a time.
  private func percentile(_ now: MonotonicTime) -> Double? {
    guard answers.count >= Self.leastAnswers, let first = answers.first,
      Double(now.nanoseconds(since: first.time)) / 1e9 >= Self.ease * Self.windowS
    else { return nil }
    let sorted = answers.map(\.ms).sorted()
    return sorted[min(sorted.count - 1, (sorted.count * 95 + 99) / 100 - 1)]
  }

  private func slowness(_ p95: Double?) -> FaultChange.Figure? {
    guard let limit = settings.slowMs, let p95, p95 > limit else { return nil }
    return FaultChange.Figure("p95_ms", p95, limit: limit)
  }
}
