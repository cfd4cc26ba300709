import EdgepipeCore
import Logging
import Pipeline

/// Writes rows into a database in groups, on a thread of its own: at most ten commits a second, the first at once.
///
/// While the database cannot be written, such as on a full disk, rows are dropped and counted, and once a second it is tried
/// anew. The rows that wait are bounded; whoever brings more waits until the group under way is written.
final class RowWriter: Sendable {
  /// Rows that wait, and their bytes.
  static let maximumRows = 10_000
  static let maximumBytes = 32 << 20
  private static let groupMs = 100.0
  private static let retryMs = 1000.0
  private static let retentionMs = 60_000.0

  struct Counts: Sendable {
    var written = 0
    /// Rows that could not be written.
    var dropped = 0
    var commits = 0
    /// Times at which the database could not be written any more.
    var failures = 0
  }

  /// What became of rows that were handed over.
  enum Answer: Sendable {
    /// They are in a group, whose fate this is.
    case taken(DeferredFate)
    /// Nothing can be written now.
    case refused
  }

  /// The rows of one commit.
  private struct Group: Sendable {
    var rows: [ResultRow] = []
    var bytes = 0
    let fate = DeferredFate()
  }

  private struct State {
    var group = Group()
    var isFailing: Bool
    var isStopping = false
    var counts = Counts()
  }

  private let state: Monitor<State>
  private let thread: WorkerThread

  /// - Parameters:
  ///   - database: nil where it could not be opened for a reason that may pass.
  ///   - open: opens it (again).
  init(
    id: String, database: ResultDatabase?, rule: RetentionRule, clock: any PipelineClock, logger: Logger,
    threads: ThreadCensus, open: @escaping @Sendable () throws -> ResultDatabase
  ) throws(PipelineError) {
    let state = Monitor(State(isFailing: database == nil))
    self.state = state
    thread = try WorkerThread(name: "db-\(id)") {
      threads.register(stage: id)
      Loop(state: state, database: database, rule: rule, clock: clock, logger: logger, open: open).run()
      threads.unregister()
    }
  }

  var counts: Counts { state.withLock { $0.counts } }

  /// Hands rows over, all into one group. Waits while too many wait to be written.
  func put(_ rows: [ResultRow]) -> Answer {
    let bytes = rows.reduce(0) { $0 + $1.size }
    return state.wait { state in
      if state.isFailing || state.isStopping {
        state.counts.dropped += rows.count
        return .refused
      }
      let isFull =
        state.group.rows.count + rows.count > Self.maximumRows
        || state.group.bytes + bytes > Self.maximumBytes
      if isFull, !state.group.rows.isEmpty { return nil }
      state.group.rows += rows
      state.group.bytes += bytes
      return .taken(state.group.fate)
    }
  }

  /// Writes what is left, and these last rows, and returns when the thread has ended. Where the database cannot be written, it
  /// is tried once more. Call it once.
  func finish(_ rows: [ResultRow] = []) {
    state.change { state in
      state.isStopping = true
      state.group.rows += rows
    }
    thread.join()
  }

  /// What the thread does; its own alone.
  private final class Loop {
    private enum Step {
      case commit(Group)
      case look
      case stop
    }

    let state: Monitor<State>
    var database: ResultDatabase?
    let rule: RetentionRule
    let clock: any PipelineClock
    let logger: Logger
    let open: @Sendable () throws -> ResultDatabase
    /// The times of this thread's waiting are the system's.
    let system = SystemClock()
    var nextCommit: MonotonicTime
    var nextTry: MonotonicTime
    var nextRetention: MonotonicTime
    /// A disk that is full now and then is told of once a minute at most.
    var nextWarning: MonotonicTime
    var droppedBefore = 0

    init(
      state: Monitor<State>, database: ResultDatabase?, rule: RetentionRule, clock: any PipelineClock, logger: Logger,
      open: @escaping @Sendable () throws -> ResultDatabase
    ) {
      self.state = state
      self.database = database
      self.rule = rule
      self.clock = clock
      self.logger = logger
      self.open = open
      let now = system.now()
      nextCommit = now
      nextTry = now.advanced(byMilliseconds: RowWriter.retryMs)
      nextRetention = now
      nextWarning = now
    }

    func run() {
      while true {
        switch nextStep() {
        case .commit(let group): commit(group)
        case .look: maintain()
        case .stop: return end()
        }
      }
    }

    private func nextStep() -> Step {
      let isFailing = database == nil
      let due = isFailing ? nextTry : rule.isSet ? nextRetention : system.now().advanced(byMilliseconds: 3_600_000)
      let commitTime = nextCommit
      let deadline = state.withLock { $0.group.rows.isEmpty ? due : min(due, commitTime) }
      return state.wait(until: deadline) { [system] state -> Step? in
        if !state.group.rows.isEmpty {
          let isHalfFull =
            state.group.rows.count > RowWriter.maximumRows / 2 || state.group.bytes > RowWriter.maximumBytes / 2
          if state.isStopping || isHalfFull || system.now() >= commitTime {
            defer { state.group = Group() }
            return .commit(state.group)
          }
          // Something has come: the time to wait is another one.
          if deadline > commitTime { return .look }
        }
        return state.isStopping ? .stop : nil
      } ?? .look
    }

    private func commit(_ group: Group) {
      // Whoever waits for room may go on.
      state.change { _ in }
      nextCommit = system.now().advanced(byMilliseconds: RowWriter.groupMs)
      // These are the last rows.
      if database == nil { tryAgain() }
      guard let database else { return drop(group) }
      do {
        try database.write(group.rows)
        state.withLock {
          $0.counts.written += group.rows.count
          $0.counts.commits += 1
        }
        group.fate.settle(.delivered)
      } catch {
        drop(group)
        if DatabaseFailure.mayPass(error) { return fail(error) }
        logger.error("\(DatabaseFailure.described(error, "write", database.path))")
      }
    }

    private func drop(_ group: Group) {
      state.withLock { $0.counts.dropped += group.rows.count }
      group.fate.settle(.dropped(SQLiteSink.unwritten))
    }

    /// The database is let go of; what comes from now on is dropped, until it can be opened and written again.
    private func fail(_ error: any Error) {
      let now = system.now()
      nextTry = now.advanced(byMilliseconds: RowWriter.retryMs)
      if now >= nextWarning {
        nextWarning = now.advanced(byMilliseconds: RowWriter.retentionMs)
        logger.warning(
          "\(DatabaseFailure.described(error, "write", database?.path ?? "")); rows are dropped until it can be written"
        )
      }
      database = nil
      let left = state.change { state in
        state.isFailing = true
        state.counts.failures += 1
        defer { state.group = Group() }
        return state.group
      }
      drop(left)
    }

    private func maintain() {
      let now = system.now()
      if database == nil {
        if now >= nextTry { tryAgain() }
      } else if rule.isSet, now >= nextRetention {
        removeOld()
      }
    }

    private func tryAgain() {
      nextTry = system.now().advanced(byMilliseconds: RowWriter.retryMs)
      guard let opened = try? open() else { return }
      database = opened
      let dropped = state.change { state in
        state.isFailing = false
        return state.counts.dropped
      }
      logger.notice("the database can be written again; \(dropped - droppedBefore) rows were dropped meanwhile")
      droppedBefore = dropped
    }

    private func removeOld() {
      do {
        let hasMore = try database?.remove(by: rule, now: clock.wallTime()) ?? false
        // Between two steps what has come is written.
        nextRetention = system.now().advanced(byMilliseconds: hasMore ? RowWriter.groupMs : RowWriter.retentionMs)
      } catch {
        nextRetention = system.now().advanced(byMilliseconds: RowWriter.retentionMs)
        if DatabaseFailure.mayPass(error) {
          fail(error)
        } else {
          logger.error("\(DatabaseFailure.described(error, "remove old rows of", database?.path ?? ""))")
        }
      }
    }

    private func end() {
      let dropped = state.withLock { $0.counts.dropped }
      if dropped > 0 { logger.warning("\(dropped) rows could not be written") }
      guard let database else { return }
      do { try database.end(at: clock.wallTime()) } catch {
        logger.warning("\(DatabaseFailure.described(error, "close", database.path))")
      }
    }
  }
}
