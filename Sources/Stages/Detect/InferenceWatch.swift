import Detectors
import EdgepipeCore
import Foundation
import Pipeline
import Synchronization

/// Watches a detecting stage's inference on a thread of its own: ends what hangs, and changes to the fallback and back.
final class InferenceWatch: Sendable {
  private struct State {
    var rule: InferenceRule
    var seats: [InferenceSeat] = []
    /// Asked for and not carried out yet.
    var wanted: InferenceRule.Switch?
    /// What the options that the fallback replaced were, in JSON.
    var own: [UInt8]?
    var isSwitching = false
    /// What an inference takes, the last ones counting most.
    var usualMs: Double?
  }

  static let everyMs = 200.0
  private static let looksPerDecision = 5

  private let context: StageContext
  private let timeoutMs: Double
  private let changes: FallbackSettings.Changes?
  private let state: Mutex<State>
  private let hanging = Atomic<Bool>(false)
  private let isOver = Monitor(false)
  private let thread = Mutex<WorkerThread?>(nil)

  /// Nil where there is nothing to watch for. A replay does as the recorded run did, whatever the time.
  init?(_ settings: DetectorSettings, context: StageContext) {
    guard !context.isReplay, settings.timeoutMs > 0 || settings.slowMs != nil else { return nil }
    self.context = context
    timeoutMs = settings.timeoutMs
    changes = settings.fallback?.changes
    var rule = InferenceRule.Settings(stage: context.id, timeoutMs: timeoutMs, slowMs: settings.slowMs)
    rule.retryS = settings.fallback?.retryS
    rule.sharesModel = settings.fallback.map { $0.model == nil && $0.shape == nil } ?? false
    state = Mutex(State(rule: InferenceRule(rule, now: context.clock.now())))
    context.faults.watch(faults(of: settings), stage: context.id, stream: nil)
  }

  private func faults(of settings: DetectorSettings) -> [String] {
    var causes: [InferenceRule.Cause] = []
    if settings.timeoutMs > 0 { causes.append(.hang) }
    if settings.slowMs != nil { causes.append(.slow) }
    return causes.map(\.rawValue)
  }

  /// A place for one more worker. The first one starts the thread.
  func makeSeat() throws(PipelineError) -> InferenceSeat {
    let seat = InferenceSeat()
    let isFirst = state.withLock { state in
      state.seats.append(seat)
      return state.seats.count == 1
    }
    if isFirst {
      let started = try WorkerThread(name: "\(context.id).watch") { [self] in
        context.threads.register(stage: context.id)
        watch()
        context.threads.unregister()
      }
      thread.withLock { $0 = started }
    }
    return seat
  }

  /// A worker has ended. With the last one the thread ends.
  func leave(_ seat: InferenceSeat) {
    let isLast = state.withLock { state in
      state.seats.removeAll { $0 === seat }
      return state.seats.isEmpty
    }
    guard isLast else { return }
    isOver.change { $0 = true }
    thread.withLock { $0.take() }?.join()
  }

  /// What the stage's own model hangs with must not get more frames.
  var isHanging: Bool { hanging.load(ordering: .relaxed) }

  func note(_ milliseconds: Double) {
    let now = context.clock.now()
    state.withLock { state in
      state.rule.note(milliseconds, at: now)
      state.usualMs = state.usualMs.map { $0 + (milliseconds - $0) / 8 } ?? milliseconds
    }
  }

  /// The stage has options that are not the fallback's. Those that the watch itself has asked for are nothing new.
  func noteOwnOptions() {
    let now = instant
    act(
      state.withLock { state in
        guard !state.isSwitching else { return InferenceRule.Outcome() }
        if state.rule.isFallen { state.own = nil }
        return state.rule.takeOver(at: now)
      })
  }

  private var instant: InferenceRule.Instant {
    InferenceRule.Instant(time: context.clock.now(), wall: context.clock.wallTime())
  }

  private func watch() {
    var hangs = HangRule(timeoutMs: timeoutMs, everyMs: Self.everyMs)
    var last = context.clock.now(), looks = 0
    while !ends(within: Self.everyMs) {
      let now = context.clock.now()
      if timeoutMs > 0 { end(&hangs, elapsedMs: Double(now.nanoseconds(since: last)) / 1e6) }
      last = now
      looks += 1
      if looks.isMultiple(of: Self.looksPerDecision) {
        let now = instant
        act(state.withLock { $0.rule.look(at: now) })
      }
      carryOut()
    }
  }

  private func ends(within milliseconds: Double) -> Bool {
    isOver.wait(until: SystemClock().now().advanced(byMilliseconds: milliseconds)) { $0 ? true : nil } ?? false
  }

  private func end(_ hangs: inout HangRule, elapsedMs: Double) {
    let (seats, usualMs) = state.withLock { ($0.seats, $0.usualMs) }
    let runs = Dictionary(
      uniqueKeysWithValues: seats.enumerated().compactMap { index, seat in seat.run.map { (index, $0) } })
    for index in hangs.look(runs, elapsedMs: elapsedMs, usualMs: usualMs) {
      guard let run = runs[index] else { continue }
      let now = instant
      act(state.withLock { $0.rule.noteHang(at: now) })
      if !seats[index].stop(run) {
        context.logger.error("an inference does not answer, and the engine has no means to end it")
      } else {
        context.logger.warning("an inference that did not answer was ended")
      }
    }
  }

  private func act(_ outcome: InferenceRule.Outcome) {
    state.withLock { state in
      if let change = outcome.change { state.wanted = change }
      hanging.store(state.rule.isHanging, ordering: .relaxed)
    }
    if let told = outcome.told { context.announce(told) }
  }

  /// Asks the run for the other options; again and again where it does not take them yet.
  private func carryOut() {
    let (wanted, own) = state.withLock { ($0.wanted, $0.own) }
    guard let wanted, let changes, let requests = context.requests else { return }
    let options: [UInt8]
    switch wanted {
    case .toFallback: options = (try? JSONEncoder().encode(changes)).map(Array.init) ?? []
    case .toOwn: options = own ?? Array("{}".utf8)
    }
    state.withLock { $0.isSwitching = true }
    defer { state.withLock { $0.isSwitching = false } }
    do throws(PipelineError) {
      let change = try requests.set(options, of: context.id)
      state.withLock { state in
        if state.wanted == wanted { state.wanted = nil }
        state.own = wanted == .toFallback ? Self.reversed(change) : nil
      }
      context.logger.notice(wanted == .toFallback ? "uses the fallback" : "tries its own options again")
    } catch {
      // The run is still starting.
      if error.code == .unavailable { return }
      state.withLock { if $0.wanted == wanted { $0.wanted = nil } }
      let what = wanted == .toFallback ? "the fallback" : "the stage's own options"
      context.logger.error("cannot change to \(what): \(error)")
    }
  }

  /// What undoes a change, as an object of options.
  private static func reversed(_ change: OptionChange) -> [UInt8] {
    Array("{\(change.options.map { "\"\($0.name)\":\($0.old ?? "null")" }.joined(separator: ","))}".utf8)
  }
}
