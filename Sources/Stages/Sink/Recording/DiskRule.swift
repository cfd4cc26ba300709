import EdgepipeCore
import Pipeline

/// Tells that a disk is filling before the oldest recordings have to go, and that it has room again.
struct DiskRule {
  private let stage: String
  private let quota: RecordingQuota
  private var since: WallTime?

  init(stage: String, quota: RecordingQuota) { (self.stage, self.quota) = (stage, quota) }

  /// - Returns: what is to be told now.
  mutating func look(_ disk: DiskSpace, folder: String, at now: WallTime) -> FaultChange? {
    let free = Double(disk.freeBytes) / 1_048_576, least = Double(quota.least(of: disk)) / 1_048_576
    guard least > 0 else { return nil }
    let figure = FaultChange.Figure("free_mb", free.rounded(), limit: (2 * least).rounded())
    if let since {
      // So far above that one more recording does not make it a fault again.
      guard free > 2.2 * least else { return nil }
      self.since = nil
      let seconds = Double(now.nanoseconds - since.nanoseconds) / 1e9
      return FaultChange(
        "disk", stage: stage, since: since, over: max(0, seconds), figures: [figure],
        message: "the disk of '\(folder)' has \(Int(free)) MB left again")
    }
    guard free < 2 * least else { return nil }
    since = now
    return FaultChange(
      "disk", stage: stage, since: now, figures: [figure],
      message:
        "the disk of '\(folder)' has \(Int(free)) MB left; from \(Int(least)) MB on the oldest recordings are removed")
  }
}
