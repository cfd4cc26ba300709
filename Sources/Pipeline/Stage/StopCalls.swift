import Synchronization

/// Something that waits for other machines, and can be told not to.
package protocol WaitsOutside: AnyObject, Sendable {
  /// What is waited for is given up, and nothing is waited for any more. Any thread may call it.
  func stopWaiting()
}

/// Who is told when a run that was asked to end takes too long to.
package final class StopCalls: Sendable {
  private struct Entry {
    weak var waiting: (any WaitsOutside)?
  }
  private let entries = Mutex([Entry]())

  package init() {}

  /// It is forgotten when it is gone.
  package func add(_ waiting: any WaitsOutside) {
    entries.withLock { entries in
      entries.removeAll { $0.waiting == nil }
      entries.append(Entry(waiting: waiting))
    }
  }

  func call() {
    let waiting = entries.withLock { $0.compactMap(\.waiting) }
    for one in waiting { one.stopWaiting() }
  }
}
