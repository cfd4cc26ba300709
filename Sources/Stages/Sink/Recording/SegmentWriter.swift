import EdgepipeCore
import Pipeline

/// Writes everything of one stream, a file after the other. Used by the sink's writing thread.
final class SegmentWriter: StreamWriter {
  private let packets: StreamPackets
  private let store: RecordingStore
  private let reader: StreamPackets.ReaderID
  private let longest: Int64
  private var cursor = 0
  private var file: RecordingFile?
  private var isRefused = false

  private static let batch = 64

  init(_ packets: StreamPackets, reader: StreamPackets.ReaderID, _ store: RecordingStore, segmentS: Double) {
    self.packets = packets
    self.reader = reader
    self.store = store
    longest = MediaTime(seconds: segmentS).nanoseconds
  }

  func work(isLast: Bool) -> Bool {
    noteRefusal()
    while true {
      let batch = packets.read(from: cursor, count: Self.batch)
      if batch.lost > 0 {
        store.counts.update { $0.lostPackets += batch.lost }
        close(.loss)
      }
      for packet in batch.packets { take(packet) }
      cursor = batch.next
      packets.set(reader, floor: cursor, unread: cursor)
      guard batch.packets.isEmpty else { continue }
      if batch.hasEnded || isLast { close(.end) } else if batch.isInterrupted { close(.interruption) }
      return false
    }
  }

  private func take(_ packet: StreamPacket) {
    if let file, let end = end(of: file, before: packet) {
      self.file = nil
      store.close(file, end)
    }
    if file == nil, packet.isVideo, packet.isKey { file = store.open(packets.stream, first: packet) }
    guard let file else { return store.counts.update { $0.unwrittenPackets += 1 } }
    if !store.write(packet, to: file) {
      self.file = nil
      store.counts.update { $0.unwrittenPackets += 1 }
    }
  }

  /// Why the file ends before this packet.
  private func end(of file: RecordingFile, before packet: StreamPacket) -> RecordingFile.End? {
    if packet.format !== file.format { return .interruption }
    guard packet.isVideo, packet.isKey else { return nil }
    if packet.decodingTime.nanoseconds &- file.first.decodingTime.nanoseconds >= longest { return .time }
    return file.bytes >= store.longestFile ? .size : nil
  }

  private func close(_ end: RecordingFile.End) {
    guard let file else { return }
    self.file = nil
    store.close(file, end)
  }

  private func noteRefusal() {
    guard !isRefused, let reason = packets.refusal else { return }
    isRefused = true
    store.refuse(packets.stream, reason)
  }
}

extension RecordingStore {
  /// Says once that a stream is not recorded.
  func refuse(_ stream: StreamInfo, _ reason: String) {
    counts.update { $0.refused[stream.id] = reason }
    logger.error(
      "the stream '\(stream.id)' is not recorded: \(reason); sink.video writes its pictures, encoded again")
  }
}
