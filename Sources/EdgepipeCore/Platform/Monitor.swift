import CPlatform
import Glibc

/// A lock with a condition: the one place where threads wait.
///
/// Swift's `Mutex` cannot be waited on and its `async` waiting would move media work off its own thread, so this
/// wraps a POSIX mutex and a condition variable on the monotonic clock.
///
/// Its methods are inlinable, so that the queues of other modules can specialise them for their state; what they do with
/// the system's lock is not. It is public for that reason alone: the compiler does not specialise what is `package`.
@safe public final class Monitor<State>: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): `state` is touched only while `mutex` is held; the two handles never move.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  @usableFromInline var state: State

  public init(_ state: sending State) {
    self.state = state
    // SAFETY: both point to memory of their own, initialised here once and destroyed in deinit.
    unsafe pthread_mutex_init(mutex, nil)
    _ = unsafe ep_condition_init(condition)
  }

  deinit {
    // SAFETY: nobody waits: a waiter would hold a reference to this object.
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` with the state, alone.
  @inlinable
  public func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    lock()
    defer { unlock() }
    return try body(&state)
  }

  /// Runs `body` with the state and wakes everybody who waits.
  @inlinable
  public func change<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    defer { wakeAll() }
    return try withLock(body)
  }

  /// Waits until `body` returns a value; it runs again after every ``change(_:)``. Wakes others afterwards, since
  /// taking something may be what they wait for.
  @inlinable
  public func wait<Result>(for body: (inout State) -> Result?) -> Result {
    lock()
    defer {
      unlock()
      wakeAll()
    }
    while true {
      if let result = body(&state) { return result }
      sleep()
    }
  }

  /// As ``wait(for:)``, but returns nil once the system's monotonic clock reaches `deadline`.
  @inlinable
  public func wait<Result>(until deadline: MonotonicTime, for body: (inout State) -> Result?) -> Result? {
    lock()
    defer { unlock() }
    while true {
      if let result = body(&state) { return result }
      if !sleep(until: deadline) { return body(&state) }
    }
  }

  // SAFETY, of what follows: both handles live as long as this object. Each function above unlocks on the thread that
  // locked, also when `body` throws; a sleep releases the mutex and takes it again before it returns.

  @usableFromInline func lock() { unsafe pthread_mutex_lock(mutex) }

  @usableFromInline func unlock() { unsafe pthread_mutex_unlock(mutex) }

  @usableFromInline func wakeAll() { unsafe pthread_cond_broadcast(condition) }

  @usableFromInline func sleep() { unsafe pthread_cond_wait(condition, mutex) }

  /// False once the deadline is reached.
  @usableFromInline func sleep(until deadline: MonotonicTime) -> Bool {
    let nanoseconds = max(0, deadline.nanoseconds)
    var limit = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    return unsafe pthread_cond_timedwait(condition, mutex, &limit) != ETIMEDOUT
  }
}
