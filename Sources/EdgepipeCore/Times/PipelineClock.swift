package import CPlatform

/// Where time comes from; tests bring one that they turn by hand.
public protocol PipelineClock: Sendable {
  func now() -> MonotonicTime
  func wallTime() -> WallTime
}

/// The system's monotonic and wall clocks.
public struct SystemClock: PipelineClock {
  public init() {}

  public func now() -> MonotonicTime { MonotonicTime(nanoseconds: Self.read(CLOCK_MONOTONIC)) }
  public func wallTime() -> WallTime { WallTime(nanoseconds: Self.read(CLOCK_REALTIME)) }

  /// The CPU time of the calling thread, in nanoseconds.
  package static func threadCPUNanoseconds() -> Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

  package static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // SAFETY: `time` outlives the call, which writes one timespec.
    guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
