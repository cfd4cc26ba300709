import EdgepipeCore
import Logging
import Pipeline

/// Results that wait for their receiver, on the disk: taken over frame by frame, committed in groups, given to the sender
/// in the order in which they came.
///
/// A frame's fate is told when its group is on the disk. Whatever the disk or the receiver does, ``put(_:isEnding:)``
/// returns soon, unless the spool is full and was told to block.
final class Spool: Sendable {
  /// A group goes to the disk when its first result has waited for so long, or when it is this large.
  static let groupMs = 80.0
  static let groupItems = 2000
  static let groupBytes = 1 << 20
  /// What may wait for the disk; beyond it, what is oldest is lost while the disk cannot take it.
  static let heldBytes = 8 << 20
  private static let retryMs = 1000.0
  private static let expiryMs = 60_000.0

  private struct Group {
    var items: [OutgoingItem] = []
    var bytes = 0
    let fate = DeferredFate()
    let since: MonotonicTime
  }

  private struct State {
    var groups: [Group] = []
    /// So many of the first groups are being written.
    var writing = 0
    var heldBytes = 0
    var heldItems = 0
    var acknowledged: Int64?
    var refused: [(sequence: Int64, reason: String)] = []
    /// The last row that is on the disk.
    var lastSequence: Int64 = 0
    var counts = SpoolCounts()
    /// Groups go to the disk at once.
    var isFlushing = false
    /// Who waits for results is to look at what else there is.
    var isInterrupted = false
    var isClosed = false
    /// The committer has ended.
    var isDone = false

    var hasWork: Bool { !groups.isEmpty || acknowledged != nil || !refused.isEmpty }
  }

  private enum Work {
    case write(SpoolFile.Change, groups: Int)
    case end
  }

  private let settings: SpoolSettings
  private let file: SpoolFile
  private let clock: any PipelineClock
  private let logger: Logger
  private let state: Monitor<State>

  init(_ file: SpoolFile, settings: SpoolSettings, clock: any PipelineClock, logger: Logger) {
    self.settings = settings
    self.file = file
    self.clock = clock
    self.logger = logger
    var state = State()
    let contents = file.contents
    state.lastSequence = contents.lastSequence
    state.counts.found = contents.items
    (state.counts.waiting, state.counts.waitingBytes) = (contents.items, contents.bytes)
    self.state = Monitor(state)
  }

  var counts: SpoolCounts { state.withLock { $0.counts } }

  // MARK: The sink's side

  /// Takes a frame's results over.
  ///
  /// - Parameter isEnding: asked while the spool is full and blocks; once true nothing waits any more.
  /// - Returns: what will become of them.
  func put(_ items: [OutgoingItem], isEnding: () -> Bool = { false }) -> DeferredFate {
    let bytes = items.reduce(0) { $0 + $1.storedBytes }, now = clock.now()
    while true {
      // A short wait each time, since nobody tells the spool that the run ends.
      let isLast = isEnding(), limit = SystemClock().now().advanced(byMilliseconds: isLast ? 0 : 100)
      var isNews = false
      let fate = state.wait(until: limit) { state -> DeferredFate? in
        guard hasRoom(state, for: bytes) else { return nil }
        defer { isNews = state.groups.count == 1 && state.groups[0].items.count == items.count || Self.isLarge(state) }
        return add(items, bytes, now, to: &state)
      }
      if let fate {
        // The committer sleeps until a group begins or is large, and not through every frame between.
        if isNews { state.change { _ in } }
        return fate
      }
      if isLast { return refuse(items) }
    }
  }

  private static func isLarge(_ state: State) -> Bool {
    state.heldItems >= groupItems || state.heldBytes >= groupBytes
  }

  private func hasRoom(_ state: State, for bytes: Int) -> Bool {
    // Detection goes on whatever the disk does.
    if state.counts.diskTrouble != nil { return true }
    if state.heldBytes > Self.heldBytes { return false }
    let used = state.counts.waitingBytes + state.heldBytes
    return !settings.blocks || used == 0 || used + bytes <= settings.maxBytes
  }

  private func add(
    _ items: [OutgoingItem], _ bytes: Int, _ now: MonotonicTime, to state: inout State
  ) -> DeferredFate {
    if state.groups.count == state.writing { state.groups.append(Group(since: now)) }
    let last = state.groups.count - 1
    state.groups[last].items += items
    state.groups[last].bytes += bytes
    state.heldBytes += bytes
    state.heldItems += items.count
    let fate = state.groups[last].fate
    if state.counts.diskTrouble != nil, state.groups[last].bytes >= Self.groupBytes { giveUpOldest(&state) }
    return fate
  }

  /// While the disk takes nothing, groups are closed when they are large, and the oldest are lost.
  private func giveUpOldest(_ state: inout State) {
    if state.heldBytes > Self.heldBytes, state.groups.count > state.writing + 1 {
      let lost = state.groups.remove(at: state.writing)
      state.heldBytes -= lost.bytes
      state.heldItems -= lost.items.count
      state.counts.unwritten += lost.items.count
      // Told on this thread: it holds no lock that the graph's accounts need.
      lost.fate.settle(.dropped(.unwritten))
    }
    state.groups.append(Group(since: clock.now()))
  }

  private func refuse(_ items: [OutgoingItem]) -> DeferredFate {
    state.withLock { $0.counts.dropped += items.count }
    let fate = DeferredFate()
    fate.settle(.dropped(.spoolFull))
    return fate
  }

  /// Returns when everything that was taken is on the disk, or the disk does not take it.
  func flush() {
    state.change { $0.isFlushing = true }
    state.wait { $0.groups.isEmpty || $0.counts.diskTrouble != nil || $0.isDone ? () : nil }
    state.change { $0.isFlushing = false }
  }

  /// Takes nothing more; what was taken is committed. Returns when that is done, or cannot be done.
  func close() {
    state.change { $0.isClosed = true }
    state.wait { $0.isDone ? () : nil }
  }

  // MARK: The committer's thread

  /// Commits until the spool is closed and everything is on the disk, or the disk takes nothing.
  func commitAll() {
    var nextExpiry = clock.now()
    while case .write(var change, let groups) = nextWork(&nextExpiry) {
      change.now = clock.wallTime()
      change.maxBytes = settings.blocks ? nil : settings.maxBytes
      do {
        let (effects, contents) = try file.commit(change)
        finish(change, groups, effects, contents)
        // What is not given back now is given back the next time.
        if effects.expired + effects.dropped > 0 || change.acknowledged != nil { try? file.shrink() }
      } catch {
        if fail("\(error)") { break }
      }
    }
    state.change { state in
      for group in state.groups { group.fate.settle(.dropped(.unwritten)) }
      state.counts.unwritten += state.heldItems
      state.groups = []
      state.isDone = true
    }
    try? file.close()
  }

  private func nextWork(_ nextExpiry: inout MonotonicTime) -> Work {
    while true {
      if clock.now() >= nextExpiry {
        nextExpiry = clock.now().advanced(byMilliseconds: Self.expiryMs)
        let age = Int64(settings.maxAgeH * 3600e9)
        return takeWork(oldest: WallTime(nanoseconds: clock.wallTime().nanoseconds - age))
      }
      guard state.wait(until: nextExpiry, for: { $0.hasWork || $0.isClosed ? true : nil }) != nil else { continue }
      // The group grows until it is time, so that many frames share one wait for the disk.
      let first = state.withLock { $0.groups.first?.since } ?? clock.now()
      _ = state.wait(until: first.advanced(byMilliseconds: Self.groupMs)) { state in
        state.isClosed || state.isFlushing || Self.isLarge(state) ? true : nil
      }
      return takeWork(oldest: nil)
    }
  }

  private func takeWork(oldest: WallTime?) -> Work {
    state.withLock { state in
      if oldest == nil, !state.hasWork { return .end }
      state.writing = state.groups.count
      return .write(
        SpoolFile.Change(
          acknowledged: state.acknowledged, refused: state.refused, oldest: oldest,
          added: state.groups.flatMap(\.items)), groups: state.groups.count)
    }
  }

  private func finish(
    _ change: SpoolFile.Change, _ groups: Int, _ effects: SpoolFile.Effects, _ contents: SpoolFile.Contents
  ) {
    let (done, trouble) = state.change { state -> ([Group], String?) in
      let done = Array(state.groups.prefix(groups))
      state.groups.removeFirst(groups)
      state.writing = 0
      state.heldBytes -= done.reduce(0) { $0 + $1.bytes }
      state.heldItems -= change.added.count
      if state.acknowledged == change.acknowledged { state.acknowledged = nil }
      state.refused.removeFirst(change.refused.count)
      state.lastSequence = contents.lastSequence
      state.counts.committed += change.added.count
      state.counts.commits += 1
      state.counts.dropped += effects.dropped
      state.counts.expired += effects.expired
      state.counts.refused += change.refused.count
      (state.counts.waiting, state.counts.waitingBytes) = (contents.items, contents.bytes)
      defer { state.counts.diskTrouble = nil }
      return (done, state.counts.diskTrouble)
    }
    for group in done { group.fate.settle(.delivered) }
    if trouble != nil { logger.notice("the spool takes results again") }
    if effects.dropped > 0 {
      logger.warning("the spool is full: \(effects.dropped) results that waited longest are lost")
    }
    if effects.expired > 0 { logger.warning("\(effects.expired) results waited too long and are given up") }
  }

  /// - Returns: whether the run ends without what could not be written.
  private func fail(_ why: String) -> Bool {
    let (isFirst, isClosed) = state.change { state in
      state.writing = 0
      defer { state.counts.diskTrouble = why }
      return (state.counts.diskTrouble == nil, state.isClosed)
    }
    if isFirst {
      logger.error("the spool cannot be written, and the run goes on without it until it can: \(why)")
    }
    if isClosed { return true }
    _ = state.wait(until: clock.now().advanced(byMilliseconds: Self.retryMs)) { $0.isClosed ? true : nil }
    return false
  }

  // MARK: The sender's side

  /// What comes next.
  struct Batch: Sendable {
    var rows: [SpoolFile.Row] = []
    /// Where to go on: behind the last of `rows`, or, where there are none, behind what is there no more.
    var end: Int64
    /// The file cannot be read now.
    var isUnreadable = false
  }

  /// The next results after `sequence`; waits for some until `deadline`.
  func next(after sequence: Int64, limit: Int, bytes: Int, until deadline: MonotonicTime) -> Batch {
    let last = state.wait(until: deadline) { state -> Int64? in
      state.lastSequence > sequence || state.isClosed || state.isInterrupted ? state.lastSequence : nil
    }
    guard let last, last > sequence else { return Batch(end: sequence) }
    do {
      let (rows, damaged) = try file.rows(after: sequence, limit: limit, bytes: bytes)
      noteDamage(damaged)
      // Rows up to the last one that are not there were acknowledged in an earlier run, or given up.
      return Batch(rows: rows, end: rows.last?.sequence ?? damaged.last ?? last)
    } catch {
      logger.error("the spool cannot be read: \(error)")
      return Batch(end: sequence, isUnreadable: true)
    }
  }

  private func noteDamage(_ damaged: [Int64]) {
    guard !damaged.isEmpty else { return }
    logger.error("\(damaged.count) results in the spool are damaged and are put aside")
    state.change { state in
      state.counts.damaged += damaged.count
      state.refused += damaged.map { ($0, "damaged in the spool") }
    }
  }

  /// From now on ``next(after:limit:bytes:until:)`` waits for nothing.
  func interrupt() { state.change { $0.isInterrupted = true } }

  /// The receiver has everything up to `sequence`.
  func acknowledge(through sequence: Int64, items: Int) {
    state.change { state in
      state.acknowledged = max(sequence, state.acknowledged ?? sequence)
      state.counts.acknowledged += items
    }
  }

  /// The receiver will never take this result.
  func putAside(_ sequence: Int64, _ reason: String) { state.change { $0.refused.append((sequence, reason)) } }

  func noteFailedAttempt() { state.withLock { $0.counts.failedAttempts += 1 } }

  /// Whether everything that was taken is on the disk and has been given to a sender that has got as far as `sequence`.
  func isDelivered(through sequence: Int64) -> Bool {
    state.withLock { $0.groups.isEmpty && $0.lastSequence <= sequence }
  }
}

extension DropReason {
  /// A spool that is full and blocks, when the run ends.
  static let spoolFull = DropReason(rawValue: "spool-full")
  /// The disk could not take it.
  static let unwritten = DropReason(rawValue: "unwritten")
}
