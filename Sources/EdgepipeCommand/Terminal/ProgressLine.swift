import Foundation
import Synchronization

/// The line that shows how far a command is, on a terminal only.
final class ProgressLine: Sendable {
  private struct State {
    var title = ""
    var start = Date()
    var shown = Date.distantPast
  }

  private let state = Mutex(State())
  /// What is counted, such as `pictures`; the line then also says how many a second.
  private let unit: String?

  init(counting unit: String? = nil) { self.unit = unit }

  /// Begins work that takes a while.
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

  /// Shows a text as it is, at once.
  func show(_ text: String) { Terminal.liveLine(text) }

  func end() { Terminal.endLiveLine() }

  private func show(_ done: Int, _ total: Int?) {
    guard Terminal.isInteractive else { return }
    let now = Date()
    let line: String? = state.withLock { state -> String? in
      guard now.timeIntervalSince(state.shown) >= 0.25 || unit != nil && done == total else { return nil }
      state.shown = now
      return text(done, of: total, title: state.title, seconds: now.timeIntervalSince(state.start))
    }
    if let line { Terminal.liveLine(line) }
  }

  private func text(_ done: Int, of total: Int?, title: String, seconds: Double) -> String {
    let title = title.isEmpty ? "" : "\(title): "
    guard let total, done > 0 else { return "\(title)\(done)" }
    let left = Self.clock(seconds * Double(total - done) / Double(done))
    let share = "\(done * 100 / max(1, total))%"
    guard let unit else { return "\(title)\(done) / \(total) \(share) | ETA \(left)" }
    let rate = String(format: "%.1f", Double(done) / max(seconds, 1e-3))
    return "\(title)\(done) / \(total) \(unit) \(share) | ETA \(left) | \(rate) \(unit)/s"
  }

  /// `1:05`, `1:00:05`.
  static func clock(_ seconds: Double) -> String {
    let whole = Int(max(0, min(seconds, 359_999)))
    let minutes = whole / 60 % 60, rest = whole % 60
    let tail = (minutes < 10 ? "0" : "") + "\(minutes):" + (rest < 10 ? "0" : "") + "\(rest)"
    return whole >= 3600 ? "\(whole / 3600):\(tail)" : tail
  }
}
