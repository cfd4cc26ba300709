import EdgepipeCore
import Pipeline

/// Writes the clips of one stream, one after the other. Used by the sink's writing thread.
final class ClipWriter: StreamWriter {
  private let book: ClipBook
  private let store: RecordingStore
  private let graceNanoseconds: Int64
  private var open: Open?
  private var isRefused = false

  private struct Open {
    let id: Int
    var cursor: Int
    /// Nil: the disk took none, or its key frame has not come.
    var file: RecordingFile?
    var hasThumbnail = false
    var isOver = false
    /// Since when everything is written that the clip is to hold so far.
    var parkedSince: MonotonicTime?
  }

  private static let batch = 64
  /// A live stream whose frames do not come any more does not keep its clip open.
  private static let graceS = 10.0

  init(_ book: ClipBook, _ store: RecordingStore, beforeS: Double) {
    self.book = book
    self.store = store
    graceNanoseconds = MediaTime(seconds: beforeS + Self.graceS).nanoseconds
  }

  func work(isLast: Bool) -> Bool {
    noteRefusal()
    while let (clip, notes) = book.first() {
      var current = open ?? Open(id: clip.id, cursor: notes.start)
      let end = read(&current, clip, notes, isLast: isLast)
      writeThumbnail(&current, notes)
      open = current
      guard let end else {
        book.note(cursor: current.cursor, isParked: current.parkedSince != nil)
        return true
      }
      guard let known = book.close(clip, force: end.isForced) else { continue }
      finish(&current, clip, known, end.reason)
      open = nil
    }
    return false
  }

  private typealias Ending = (reason: RecordingFile.End, isForced: Bool)

  /// Writes what is there of the clip.
  ///
  /// - Returns: why it ends; nil while it goes on.
  private func read(_ current: inout Open, _ clip: ClipPlan.Clip, _ notes: ClipBook.Notes, isLast: Bool) -> Ending? {
    let packets = book.packets
    if current.isOver { return (.failedWrite, true) }
    while true {
      let batch = packets.read(from: current.cursor, count: Self.batch)
      if batch.lost > 0 {
        store.counts.update { $0.lostPackets += batch.lost }
        if current.file != nil { return (.loss, true) }
      }
      current.cursor = batch.next - batch.packets.count
      for packet in batch.packets {
        if packet.format.generation > clip.generation {
          return isLast ? (.interruption, true) : wait(&current, clip, .interruption, isLimited: true)
        }
        if packet.isVideo, packet.decodingTime > clip.end, packet.format.generation == clip.generation {
          return park(&current, clip, isLast: isLast)
        }
        current.cursor += 1
        current.parkedSince = nil
        guard take(packet, &current, clip) else {
          current.isOver = true
          return (.failedWrite, true)
        }
      }
      guard batch.packets.isEmpty else { continue }
      let reason: RecordingFile.End = batch.hasEnded || isLast ? .end : .interruption
      if isLast { return (reason, true) }
      // Frames of what was read before may still be on their way, and their events.
      return batch.isInterrupted ? wait(&current, clip, reason, isLimited: true) : nil
    }
  }

  /// - Returns: false when a write failed.
  private func take(_ packet: StreamPacket, _ current: inout Open, _ clip: ClipPlan.Clip) -> Bool {
    if current.file == nil {
      guard packet.isVideo, packet.isKey, packet.format.generation == clip.generation else { return true }
      guard let file = store.open(packets.stream, first: packet) else { return false }
      current.file = file
    }
    guard let file = current.file else { return true }
    if store.write(packet, to: file) { return true }
    current.file = nil
    return false
  }

  private var packets: StreamPackets { book.packets }

  /// Everything is written that the clip is to hold so far.
  private func park(_ current: inout Open, _ clip: ClipPlan.Clip, isLast: Bool) -> Ending? {
    let reason: RecordingFile.End = clip.isLongest ? .longest : .time
    return isLast ? (reason, true) : wait(&current, clip, reason, isLimited: packets.stream.isLive)
  }

  /// - Parameter isLimited: not for ever: where frames stop coming nothing settles the clip.
  private func wait(
    _ current: inout Open, _ clip: ClipPlan.Clip, _ reason: RecordingFile.End, isLimited: Bool
  ) -> Ending? {
    if clip.isSettled { return (reason, false) }
    let since = current.parkedSince ?? store.clock.now()
    current.parkedSince = since
    let isOver = isLimited && store.clock.now().nanoseconds(since: since) > graceNanoseconds
    return isOver ? (reason, true) : nil
  }

  private func writeThumbnail(_ current: inout Open, _ notes: ClipBook.Notes) {
    guard let file = current.file, !current.hasThumbnail, let picture = notes.thumbnail else { return }
    current.hasThumbnail = true
    try? WholeFile.write(to: "\(file.place).\(RecordingName.picture)", bytes: picture)
  }

  private func finish(
    _ current: inout Open, _ clip: ClipPlan.Clip, _ notes: ClipBook.Notes, _ reason: RecordingFile.End
  ) {
    guard let file = current.file else { return store.counts.update { $0.failedClips += 1 } }
    writeThumbnail(&current, notes)
    file.facts = Self.facts(file, clip, notes, hasThumbnail: current.hasThumbnail)
    if file.facts["cut_before_s"] != nil { store.counts.update { $0.cutClips += 1 } }
    store.close(file, reason)
  }

  /// What the JSON file says of a clip beside what it says of every recording.
  private static func facts(
    _ file: RecordingFile, _ clip: ClipPlan.Clip, _ notes: ClipBook.Notes, hasThumbnail: Bool
  ) -> [String: ReportValue] {
    func seconds(_ time: MediaTime) -> ReportValue { .rounded(Double(time.nanoseconds &+ notes.offset) / 1e9) }
    var facts: [String: ReportValue] = [
      "events": .list(notes.events), "begin_pts_s": seconds(file.first.time), "end_pts_s": seconds(file.last.time),
      "asked_pts_s": seconds(clip.asked),
    ]
    if notes.eventsLeftOut > 0 { facts["events_left_out"] = .int(notes.eventsLeftOut) }
    if hasThumbnail { facts["thumbnail"] = .string(file.name + "." + RecordingName.picture) }
    let missing = file.first.time - clip.asked
    if clip.begin > clip.asked {
      facts["continues"] = .bool(true)
    } else if missing.nanoseconds > 0 {
      facts["cut_before_s"] = .rounded(missing.seconds)
      facts["cut_by"] = .string(notes.lacks == .memory ? "memory" : "the beginning of the stream")
    }
    return facts
  }

  private func noteRefusal() {
    guard !isRefused, let reason = packets.refusal else { return }
    isRefused = true
    store.refuse(packets.stream, reason)
  }
}
