/// An instant on the monotonic clock, in nanoseconds since an arbitrary start.
///
/// Every duration, deadline and latency is computed from these; wall-clock time appears only in output.
public struct MonotonicTime: Hashable, Comparable, Sendable {
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  /// The time from `earlier` to this instant, in nanoseconds; negative when `earlier` is later.
  public func nanoseconds(since earlier: Self) -> Int64 { nanoseconds &- earlier.nanoseconds }

  /// The instant `delta` nanoseconds after this one, saturating.
  public func advanced(byNanoseconds delta: Int64) -> Self {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(delta)
    return Self(nanoseconds: overflow ? (delta < 0 ? .min : .max) : sum)
  }

  /// The instant `delta` milliseconds after this one, saturating.
  public func advanced(byMilliseconds delta: Double) -> Self {
    advanced(byNanoseconds: Int64(clampedNanoseconds: delta * 1e6))
  }
}

extension Int64 {
  /// The nearest nanosecond count, saturating, and 0 for NaN.
  init(clampedNanoseconds value: Double) {
    if value.isNaN { self = 0 } else { self = Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max) }
  }
}
