import EdgepipeCore
import Foundation
import Glibc
import Logging
import Pipeline

/// Tells a command or a webhook of faults, on a thread of its own: whoever finds a fault does not wait.
final class Notifier: Sendable {
  private static let mostWaiting = 256
  private static let tries = 3
  private static let againMs = 5000.0
  /// For what waits when the service ends; a notice that is on its way then has its own time.
  private static let endMs = 10_000.0

  private struct State {
    var rule = NoticeRule()
    var waiting: [NoticeRule.Due] = []
    var lost = 0
    /// Nil until the service ends.
    var endsAt: MonotonicTime?
  }

  private let ways: [any NoticeWay]
  private let logger: Logger
  private let clock: any PipelineClock
  private let state = Monitor(State())
  private let thread = Monitor<WorkerThread?>(nil)

  /// - Parameter ways: at least one.
  init(_ ways: [any NoticeWay], logger: Logger, clock: any PipelineClock = SystemClock()) throws(PipelineError) {
    (self.ways, self.logger, self.clock) = (ways, logger, clock)
    let started = try WorkerThread(name: "ep-notices") { [weak self] in self?.loop() }
    thread.withLock { $0 = started }
  }

  /// - Parameter pipeline: empty for the machine.
  func tell(_ message: [String: ReportValue], of pipeline: String) {
    var message = message
    if !pipeline.isEmpty { message["pipeline"] = .string(pipeline) }
    func word(_ key: String) -> String { if case .string(let text)? = message[key] { text } else { "" } }
    let kind = NoticeRule.Kind(
      event: word("event"), fault: word("fault"), pipeline: pipeline, stage: word("stage"), stream: word("stream"))
    let now = clock.now()
    state.change { state in
      if let due = state.rule.add(message, of: kind, at: now) { Self.put(due, into: &state) }
    }
  }

  private static func put(_ due: NoticeRule.Due, into state: inout State) {
    if state.waiting.count >= mostWaiting {
      state.waiting.removeFirst()
      state.lost += 1
    }
    state.waiting.append(due)
  }

  /// Sends what waits, as far as that takes no longer than some seconds, and ends; to be called once.
  func end() {
    let endsAt = clock.now().advanced(byMilliseconds: Self.endMs)
    state.change { $0.endsAt = endsAt }
    thread.withLock { $0 }?.join()
  }

  private func loop() {
    while let due = next() {
      var line = due.message
      line["count"] = .int(due.count)
      line["host"] = .string(MachineName.text)
      line["told_at"] = .string(clock.wallTime().iso8601)
      let text = ReportValue.object(line).line + "\n"
      for way in ways { send(text, by: way) }
    }
    for way in ways { way.close() }
  }

  /// Waits for a notice; nil when there will be none any more.
  private func next() -> NoticeRule.Due? {
    while true {
      let until = state.withLock(\.rule.next) ?? clock.now().advanced(byMilliseconds: 3_600_000)
      let found: NoticeRule.Due?? = state.wait(until: until) { state in
        let now = clock.now()
        for due in state.rule.due(at: now, isLast: state.endsAt != nil) { Self.put(due, into: &state) }
        if let endsAt = state.endsAt, now >= endsAt {
          state.lost += state.waiting.count
          state.waiting = []
        }
        if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
        return state.endsAt != nil ? .some(nil) : nil
      }
      let lost = state.withLock { state in
        defer { state.lost = 0 }
        return state.lost
      }
      if lost > 0 { logger.warning("\(lost) notices were discarded: those before could not be sent in time") }
      switch found {
      case .some(.some(let due)): return due
      case .some(.none): return nil
      case .none: continue
      }
    }
  }

  private func send(_ text: String, by way: any NoticeWay) {
    var failure: PipelineError?
    for number in 1...Self.tries {
      do throws(PipelineError) { return try way.send(text) } catch { failure = error }
      let isLast = number == Self.tries || state.withLock { $0.endsAt != nil }
      if isLast { break }
      let until = clock.now().advanced(byMilliseconds: Self.againMs)
      _ = state.wait(until: until) { $0.endsAt != nil ? true : nil }
    }
    if let failure { logger.warning("a notice could not be sent: \(failure)") }
  }
}

/// How a notice leaves.
protocol NoticeWay: Sendable {
  /// - Parameter text: a JSON object in one line.
  func send(_ text: String) throws(PipelineError)
  func close()
}

/// A program of the user's, which gets the notice on its standard input.
struct NoticeCommand: NoticeWay {
  private static let patienceMs = 10_000.0
  private static let lookMs = 20.0

  let words: [String]
  var clock: any PipelineClock = SystemClock()

  func send(_ text: String) throws(PipelineError) {
    guard let program = words.first else { return }
    let input = try MemoryFile(Data(text.utf8)), pause = Monitor(false)
    let child: ChildProcess
    do { child = try ChildProcess(program, Array(words.dropFirst()), input: .file(input.url.path)) } catch {
      throw PipelineError("cannot start '\(program)': \(error.localizedDescription)", code: .unavailable)
    }
    let limit = clock.now().advanced(byMilliseconds: Self.patienceMs)
    while true {
      if let end = child.ended() {
        if end == .status(0) { return }
        throw PipelineError("'\(program)' ended with \(end)", code: .unavailable)
      }
      if clock.now() > limit {
        // Its group: it may be a script that waits for another program.
        kill(-child.id, SIGKILL)
        _ = child.wait()
        throw PipelineError("'\(program)' has not ended within 10 s and was killed", code: .unavailable)
      }
      _ = pause.wait(until: clock.now().advanced(byMilliseconds: Self.lookMs)) { $0 ? true : nil }
    }
  }

  func close() {}
}
