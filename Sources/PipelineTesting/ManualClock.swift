public import EdgepipeCore
import Synchronization

/// A clock that a test turns by hand.
public final class ManualClock: PipelineClock {
  private let nanoseconds: Mutex<Int64>

  public init(nanoseconds: Int64 = 1_000_000_000) { self.nanoseconds = Mutex(nanoseconds) }

  public func now() -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds.withLock { $0 }) }
  public func wallTime() -> WallTime { WallTime(nanoseconds: nanoseconds.withLock { $0 }) }
  public func advance(milliseconds: Double) { nanoseconds.withLock { $0 += Int64(milliseconds * 1e6) } }
}
