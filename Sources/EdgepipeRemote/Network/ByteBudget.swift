import EdgepipeCore

/// How many bytes may still leave and come in: as many an hour as the settings say, saved up for at most ten minutes.
struct ByteBudget: Sendable {
  private static let savedShare = 1.0 / 6

  private let perHour: Int
  private var left: Double
  private var last: MonotonicTime?

  /// - Parameter perHour: 0: no limit.
  init(perHour: Int) {
    self.perHour = perHour
    left = Double(perHour) * Self.savedShare
  }

  mutating func allows(_ bytes: Int, at now: MonotonicTime) -> Bool {
    guard perHour > 0 else { return true }
    if let last {
      let earned = Double(perHour) * Double(max(0, now.nanoseconds(since: last))) / 3.6e12
      // One request can always be saved up for.
      left = min(max(Double(perHour) * Self.savedShare, Double(bytes)), left + earned)
    }
    last = now
    return left >= Double(bytes)
  }

  /// What a request really took.
  mutating func spend(_ bytes: Int) { if perHour > 0 { left -= Double(bytes) } }
}
