/// Leaves out pictures so that no more than so many a second of media time remain, evenly.
struct FrameRateLimit {
  /// Nil for no limit.
  let rate: Double?
  private var last: Int64 = -1

  init(_ rate: Double?) { self.rate = rate }

  /// - Parameter ticks: of the next picture in 1/90000 s.
  mutating func takes(_ ticks: Int64) -> Bool {
    guard let rate else { return true }
    // One tick more: a time that was rounded down still counts for the place that it was meant for.
    guard let place = Int64(exactly: ((Double(ticks) + 1) * rate / 90_000).rounded(.down)), place > last else {
      return false
    }
    last = place
    return true
  }
}
