package import EdgepipeCore

/// How often a plugin's process may fail before it is given up: a fault that comes back at once is not mended by another
/// start.
package struct RestartBudget: Sendable, Hashable {
  package static let mostFailures = 5
  package static let windowS = 60

  private var failures: [MonotonicTime] = []
  /// Nothing is started any more.
  package private(set) var isSpent = false

  package init() {}

  /// One more failure.
  package mutating func note(at now: MonotonicTime) {
    failures.removeAll { now.nanoseconds(since: $0) >= Int64(Self.windowS) * 1_000_000_000 }
    failures.append(now)
    if failures.count >= Self.mostFailures { isSpent = true }
  }
}
