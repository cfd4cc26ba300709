import EdgepipeCore

/// Remembers when the latest packets came, because decoders give frames back later and in another order.
struct CaptureLog {
  /// More packets than any decoder holds back: 16 reference pictures and 32 threads.
  private static let capacity = 64
  private var entries: [(key: Int64, instant: CaptureInstant)] = []
  private var next = 0

  mutating func record(_ key: Int64?, _ instant: CaptureInstant) {
    guard let key else { return }
    if entries.count < Self.capacity {
      entries.append((key, instant))
    } else {
      entries[next] = (key, instant)
      next = (next + 1) % Self.capacity
    }
  }

  /// When the packet with `key` came; of several (two fields of a picture) the last one, which completed it.
  func instant(of key: Int64?) -> CaptureInstant? {
    guard let key else { return nil }
    return entries.filter { $0.key == key }.max { $0.instant.monotonic < $1.instant.monotonic }?.instant
  }
}
