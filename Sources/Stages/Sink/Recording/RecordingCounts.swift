import EdgepipeCore
import Pipeline
import Synchronization

/// What a recording sink has done, for the run report.
final class RecordingCounts: Sendable {
  struct Values: Sendable {
    /// Files begun, and those of them that were closed whole.
    var files = 0
    var complete = 0
    var packets = 0
    var bytes: Int64 = 0
    /// Packets that had gone from memory before they were written.
    var lostPackets = 0
    /// Packets that were not written while the disk took none.
    var unwrittenPackets = 0
    var failedWrites = 0
    var removed = 0
    /// Clips whose time before the event was not all there any more.
    var cutClips = 0
    /// Clips of which nothing could be written.
    var failedClips = 0
    var events = 0
    /// Streams that are not recorded, and why.
    var refused: [String: String] = [:]
  }

  private let state = Mutex(Values())

  var values: Values { state.withLock { $0 } }
  func update(_ body: (inout Values) -> Void) { state.withLock { body(&$0) } }

  func facts(_ names: RecordingFile.Kind, folder: String) -> [String: ReportValue] {
    let values = values
    var facts: [String: ReportValue] = [
      "folder": .string(folder), names == .clip ? "clips" : "segments": .int(values.files),
      "complete": .int(values.complete), "packets": .int(values.packets), "bytes": .int(Int(values.bytes)),
      "lost_packets": .int(values.lostPackets), "unwritten_packets": .int(values.unwrittenPackets),
      "failed_writes": .int(values.failedWrites), "removed": .int(values.removed),
    ]
    if names == .clip {
      facts["events"] = .int(values.events)
      facts["cut_clips"] = .int(values.cutClips)
      facts["failed_clips"] = .int(values.failedClips)
    }
    if !values.refused.isEmpty { facts["refused"] = .object(values.refused.mapValues { .string($0) }) }
    return facts
  }
}
