import Foundation
import Synchronization

/// The line that shows how far the work is, on a terminal only.
final class ProgressLine: Sendable {
  private struct State {
    var title = ""
    var start = Date()
    var shown = Date.distantPast
  }

  private let state = Mutex(State())

  func start(_ title: String) {
    state.withLock {
      $0.title = title
      $0.start = Date()
      $0.shown = .distantPast
    }
  }

  /// At most four times a second.
  func show(_ done: Int, of total: Int) { show(done, total) }

  /// The same where the end is not known.
  func show(_ done: Int) { show(done, nil) }

  private func show(_ done: Int, _ total: Int?) {
    guard Terminal.isInteractive else { return }
    let now = Date()
    let line: String? = state.withLock { state in
      guard now.timeIntervalSince(state.shown) >= 0.25 else { return nil }
      state.shown = now
      guard let total, done > 0 else { return "\(state.title): \(done)" }
      let left = now.timeIntervalSince(state.start) * Double(total - done) / Double(done)
      return "\(state.title): \(done) / \(total) \(done * 100 / max(1, total))% | ETA \(LiveDisplay.clock(left))"
    }
    if let line { Terminal.liveLine(line) }
  }

  func end() {
    if Terminal.isInteractive { Terminal.endLiveLine() }
  }
}
