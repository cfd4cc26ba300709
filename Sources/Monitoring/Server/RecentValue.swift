import EdgepipeCore
import Synchronization

/// Keeps what it has made for a moment, so that a client that asks without end costs the run four snapshots a second and no
/// more.
final class RecentValue<Value: Sendable>: Sendable {
  static var lifetimeMs: Double { 250 }

  private let clock: any PipelineClock
  private let make: @Sendable (_ latest: Value?) -> Value
  private let latest = Mutex<(value: Value, made: MonotonicTime)?>(nil)

  /// - Parameter make: a new value; it is given the one before.
  init(clock: any PipelineClock = SystemClock(), make: @escaping @Sendable (_ latest: Value?) -> Value) {
    self.clock = clock
    self.make = make
  }

  func get() -> Value {
    latest.withLock { latest in
      let now = clock.now()
      if let latest, now < latest.made.advanced(byMilliseconds: Self.lifetimeMs) { return latest.value }
      let value = make(latest?.value)
      latest = (value, now)
      return value
    }
  }
}
