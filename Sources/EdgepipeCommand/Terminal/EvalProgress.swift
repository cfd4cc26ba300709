import Foundation
import Measure
import Pipeline
import Synchronization

/// The line that shows how far the evaluation is, on a terminal only.
final class EvalProgress: Sendable {
  private let total: Int
  private let start: Date
  private let shown = Mutex(Date.distantPast)

  init(total: Int) {
    self.total = total
    start = Date()
  }

  /// At most four times a second.
  func show(_ done: Int) {
    guard Terminal.isInteractive else { return }
    let now = Date()
    let isDue = shown.withLock { last in
      guard now.timeIntervalSince(last) >= 0.25 || done == total else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    let seconds = max(now.timeIntervalSince(start), 1e-3), left = Double(total - done) * seconds / Double(max(1, done))
    let share = done * 100 / max(1, total), rate = String(format: "%.1f", Double(done) / seconds)
    Terminal.liveLine("\(done) / \(total) pictures \(share)% | ETA \(LiveDisplay.clock(left)) | \(rate) pictures/s")
  }

  func end() {
    if Terminal.isInteractive { Terminal.endLiveLine() }
  }
}

/// Ctrl-C: ends the run of the model first, so that its links are taken away; everything else at once.
final class EvalInterruption: Sendable {
  private let run = Mutex<DatasetRun?>(nil)

  /// - Throws: ``PipelineError`` when the thread that waits for signals cannot be started.
  init() throws {
    try Shutdown.onSignal { [self] signal in
      guard let run = run.withLock({ $0 }) else { _exit(128 + signal) }
      run.requestStop()
    }
  }

  func stopping<Result>(_ running: DatasetRun, _ body: () throws -> Result) rethrows -> Result {
    run.withLock { $0 = running }
    defer { run.withLock { $0 = nil } }
    return try body()
  }
}
