import EdgepipeCore

/// How much may be kept: the rule alone.
struct RecordingQuota: Sendable {
  /// A recording with its files.
  struct Item: Sendable, Hashable {
    /// The folder of its stream and its name without ending.
    var folder: String
    var stem: String
    /// Since 1970, in seconds.
    var begin: Int64
    var bytes: Int64
  }

  /// Nil: any size.
  var maxBytes: Int64?
  /// Nil: any age.
  var maxSeconds: Int64?
  /// What is to stay free of the disk; of a small one, a twentieth of it.
  var minFreeBytes: Int64 = 0

  func least(of disk: DiskSpace) -> Int64 { min(minFreeBytes, disk.totalBytes / 20) }

  /// How many of the oldest must go.
  ///
  /// - Parameters:
  ///   - items: the oldest first.
  ///   - open: what is being written takes so many bytes, and stays.
  ///   - disk: nil where nobody knows.
  ///   - now: since 1970, in seconds.
  func surplus(of items: [Item], open: Int64, disk: DiskSpace? = nil, now: Int64) -> Int {
    var total = items.reduce(open) { $0 + $1.bytes }
    // Free bytes after the removals so far.
    var left = disk?.freeBytes ?? .max
    let least = disk.map(least) ?? 0
    var count = 0
    for item in items {
      let isTooOld = maxSeconds.map { now - item.begin > $0 } ?? false
      let isTooMuch = maxBytes.map { total > $0 } ?? false
      guard isTooOld || isTooMuch || left < least else { break }
      total -= item.bytes
      left = left.addingReportingOverflow(item.bytes).overflow ? .max : left + item.bytes
      count += 1
    }
    return count
  }

  /// A file is closed when it has this size, so that there is something to remove.
  var longestFile: Int64 { maxBytes.map { max(1, $0 / 4) } ?? .max }
}
