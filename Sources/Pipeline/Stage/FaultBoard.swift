import EdgepipeCore
import Logging
import Synchronization

/// What is wrong in a run and what was: in the log, and counted for the metrics.
package final class FaultBoard: Sendable {
  /// What is counted by itself.
  package struct Key: Sendable, Hashable {
    package let fault: String
    package let stage: String?
    package let stream: String?

    package init(_ fault: String, stage: String?, stream: String?) {
      (self.fault, self.stage, self.stream) = (fault, stage, stream)
    }
  }

  package struct Count: Sendable, Hashable {
    package internal(set) var total = 0
    package internal(set) var isActive = false
  }

  /// Streams come and go: of more, new ones are told and not counted.
  private static let mostKeys = 4096

  private let logger: Logger
  private let counts = Mutex<[Key: Count]>([:])

  private let publish: @Sendable (FaultChange) -> Void

  /// - Parameter publish: tells those who follow the run.
  init(logger: Logger, publish: @escaping @Sendable (FaultChange) -> Void = { _ in }) {
    (self.logger, self.publish) = (logger, publish)
  }

  /// Logs, counts and publishes what belongs to no frame.
  package func announce(_ change: FaultChange) {
    note(change)
    publish(change)
  }

  /// Somebody looks for these faults from now on. A count that begins with 0 shows the first fault as a rise.
  package func watch(_ faults: [String], stage: String?, stream: String?) {
    counts.withLock { counts in
      for fault in faults where counts.count < Self.mostKeys {
        let key = Key(fault, stage: stage, stream: stream)
        if counts[key] == nil { counts[key] = Count() }
      }
    }
  }

  package func note(_ change: FaultChange) {
    let key = Key(change.fault, stage: change.stage, stream: change.stream)
    counts.withLock { counts in
      guard counts[key] != nil || counts.count < Self.mostKeys else { return }
      var count = counts[key] ?? Count()
      if change.phase == .fault { count.total += 1 }
      count.isActive = change.phase == .fault
      counts[key] = count
    }
    switch change.phase {
    case .fault: logger.warning("fault '\(change.fault)': \(change.message)")
    case .recovered: logger.notice("recovered from '\(change.fault)': \(change.message)")
    }
  }

  package var current: [Key: Count] { counts.withLock { $0 } }
}
