import EdgepipeCore

/// Lets each client do so much in a second, and a burst at once: a bucket for each that fills up with time.
struct RateLimit: Sendable {
  /// More clients at a time are not told apart: those whose bucket is the fullest are forgotten.
  private static let mostClients = 1000

  private struct Bucket {
    var left: Double
    var time: MonotonicTime
  }

  private let perSecond: Double
  private let burst: Double
  private var buckets: [String: Bucket] = [:]

  init(perSecond: Double, burst: Double) {
    self.perSecond = perSecond
    self.burst = burst
  }

  /// How many are told apart now.
  var clientCount: Int { buckets.count }

  mutating func allows(_ client: String, at now: MonotonicTime) -> Bool {
    var bucket = buckets[client] ?? Bucket(left: burst, time: now)
    bucket.left = filled(bucket, at: now)
    bucket.time = now
    let isAllowed = bucket.left >= 1
    if isAllowed { bucket.left -= 1 }
    if buckets[client] == nil, buckets.count >= Self.mostClients {
      buckets = buckets.filter { filled($0.value, at: now) < burst }
      if buckets.count >= Self.mostClients {
        let kept = buckets.sorted { filled($0.value, at: now) < filled($1.value, at: now) }.prefix(Self.mostClients / 2)
        buckets = Dictionary(kept.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
      }
    }
    buckets[client] = bucket
    return isAllowed
  }

  private func filled(_ bucket: Bucket, at now: MonotonicTime) -> Double {
    min(burst, bucket.left + Double(now.nanoseconds(since: bucket.time)) / 1e9 * perSecond)
  }
}
