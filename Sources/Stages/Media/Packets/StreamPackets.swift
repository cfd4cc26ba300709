import EdgepipeCore
import Pipeline

/// The packets of one stream for those that record: its source puts them in, recorders read them at their own pace.
/// Thread-safe.
///
/// The ring is the queue to the recorders: a live source never waits, and a recorder that is too slow loses the oldest
/// packets and learns how many. A file waits for recorders that have work to do.
final class StreamPackets: Sendable {
  typealias ReaderID = Int

  /// What a reader gets at once.
  struct Batch: Sendable {
    var packets: [StreamPacket] = []
    /// The serial number behind the last one.
    var next = 0
    /// Packets that had gone before they were read.
    var lost = 0
    /// The connection has ended, and with it all packets have been read.
    var isInterrupted = false
    /// Nothing more will come.
    var hasEnded = false
  }

  private struct Reader {
    /// What is before it may go.
    var floor = 0
    /// It reads from here on as soon as it can; nil: it waits for something else.
    var unread: Int?
    let wake: @Sendable () -> Void
  }

  private struct State {
    var ring: PacketRing<StreamPacket>
    var readers: [Reader] = []
    var isInterrupted = false
    var hasEnded = false
    var refusal: String?
    /// Since readers were woken last.
    var quietBytes = 0
    var quietSince: MonotonicTime?

    var needed: Int { readers.map(\.floor).min() ?? .max }
  }

  let stream: StreamInfo
  private let state: Monitor<State>

  private static let wakeBytes = 256 << 10
  private static let wakeNanoseconds: Int64 = 1_000_000_000

  /// - Parameter limit: in bytes.
  init(stream: StreamInfo, limit: Int) {
    self.stream = stream
    state = Monitor(State(ring: PacketRing(limit: limit)))
  }

  // MARK: - The source

  /// - Returns: false where the packet is of no use without what is missing before it.
  @discardableResult
  func append(_ packet: StreamPacket) -> Bool {
    let size = packet.packet.bytes
    let (isTaken, readers) = state.withLock { state -> (Bool, [Reader]) in
      state.isInterrupted = false
      let isTaken = state.ring.append(
        packet, bytes: size, startsGroup: packet.isVideo && packet.isKey, needed: state.needed)
      state.quietBytes += size
      let now = packet.captured.monotonic, since = state.quietSince ?? now
      if state.quietSince == nil { state.quietSince = now }
      guard
        packet.isKey && packet.isVideo || state.quietBytes >= Self.wakeBytes
          || now.nanoseconds(since: since) >= Self.wakeNanoseconds
      else { return (isTaken, []) }
      (state.quietBytes, state.quietSince) = (0, now)
      return (isTaken, state.readers.filter { $0.unread != nil })
    }
    for reader in readers { reader.wake() }
    return isTaken
  }

  /// Waits while a recorder has much to read. For sources that may wait.
  func waitForRoom(isStopping: () -> Bool) {
    while !isStopping() {
      let limit = SystemClock().now().advanced(byMilliseconds: 100)
      let hasRoom = state.wait(until: limit) { state -> Bool? in
        guard let unread = state.readers.compactMap(\.unread).min() else { return true }
        return state.ring.bytes(from: unread) > state.ring.limit / 2 ? nil : true
      }
      if hasRoom != nil { return }
      wakeAll()
    }
  }

  /// The connection has ended: no file goes on behind it.
  func interrupt() {
    state.withLock { $0.isInterrupted = true }
    wakeAll()
  }

  func end() {
    state.withLock { ($0.isInterrupted, $0.hasEnded) = (true, true) }
    wakeAll()
  }

  /// The stream cannot be recorded, and why.
  func refuse(_ reason: String) {
    state.withLock { $0.refusal = reason }
    wakeAll()
  }

  private func wakeAll() { for reader in state.withLock({ $0.readers }) { reader.wake() } }

  // MARK: - Recorders

  /// - Parameters:
  ///   - reads: it reads everything, from the first packet on.
  ///   - wake: called by the source's thread when there is something to read.
  func addReader(reads: Bool, wake: @escaping @Sendable () -> Void) -> ReaderID {
    state.withLock { state in
      let first = state.ring.first
      state.readers.append(Reader(floor: first, unread: reads ? first : nil, wake: wake))
      return state.readers.count - 1
    }
  }

  var refusal: String? { state.withLock { $0.refusal } }

  func read(from serial: Int, count: Int) -> Batch {
    state.withLock { state in
      let first = max(serial, state.ring.first)
      var batch = Batch(packets: state.ring.elements(from: first, count: count), lost: first - serial)
      batch.next = first + batch.packets.count
      if batch.next == state.ring.next { (batch.isInterrupted, batch.hasEnded) = (state.isInterrupted, state.hasEnded) }
      return batch
    }
  }

  /// - Parameters:
  ///   - floor: what is before it is of no use to the reader.
  ///   - unread: it reads from here on as soon as it can.
  func set(_ reader: ReaderID, floor: Int, unread: Int?) {
    state.change { state in
      guard state.readers.indices.contains(reader) else { return }
      state.readers[reader].floor = floor
      state.readers[reader].unread = unread
      state.ring.release(before: state.needed)
    }
  }

  /// Which picture came at this instant, or last before it; the oldest one where that has gone.
  func place(capturedAt instant: MonotonicTime) -> StreamPlace? {
    state.withLock { state in
      var serial = state.ring.last { $0.captured.monotonic <= instant } ?? state.ring.first
      while serial >= state.ring.first, let packet = state.ring.elements(from: serial, count: 1).first {
        if packet.isVideo { return StreamPlace(generation: packet.format.generation, time: packet.time) }
        serial -= 1
      }
      return nil
    }
  }

  /// Where a file begins that shows everything from some place on.
  struct Start: Sendable {
    /// The serial number of its key frame.
    var serial: Int
    var lacks = Lack.nothing

    enum Lack: String { case nothing, connection, memory }
  }

  /// The last key frame at `place` or before it, or the first one after it where that is not there: because the connection
  /// began later, or because memory holds no more.
  func start(at place: StreamPlace) -> Start {
    state.withLock { state in
      let found = state.ring.groupStart {
        $0.format.generation < place.generation
          || ($0.format.generation == place.generation && $0.time <= place.time)
      }
      guard let found, let key = state.ring.elements(from: found, count: 1).first else {
        return Start(serial: state.ring.first, lacks: state.ring.first == 0 ? .connection : .memory)
      }
      if key.format.generation == place.generation { return Start(serial: found) }
      let before = state.ring.last { $0.format.generation < place.generation } ?? found
      return Start(serial: before + 1, lacks: .connection)
    }
  }
}
