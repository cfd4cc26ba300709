import CPlatform
import Glibc

/// A lock with a condition: the one place where threads wait.
///
/// Swift's `Mutex` cannot be waited on and its `async` waiting would move media work off its own thread, so this
/// wraps a POSIX mutex and a condition variable on the monotonic clock.
///
/// Its methods are inlinable, so that the queues of other modules can specialise them for their state.
@safe package final class Monitor<State>: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): `state` is touched only while `mutex` is held; the two handles never move.
  @usableFromInline let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  @usableFromInline let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  @usableFromInline var state: State

  package init(_ state: sending State) {
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
  package func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    // SAFETY: locked and unlocked on the same thread, also when `body` throws.
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Runs `body` with the state and wakes everybody who waits.
  @inlinable
  package func change<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    defer { unsafe pthread_cond_broadcast(condition) }
    return try withLock(body)
  }

  /// Waits until `body` returns a value; it runs again after every ``change(_:)``. Wakes others afterwards, since
  /// taking something may be what they wait for.
  @inlinable
  package func wait<Result>(for body: (inout State) -> Result?) -> Result {
    // SAFETY: as in `withLock`; the wait releases the mutex and takes it again before it returns.
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_mutex_unlock(mutex)
      unsafe pthread_cond_broadcast(condition)
    }
    while true {
      if let result = body(&state) { return result }
      unsafe pthread_cond_wait(condition, mutex)
    }
  }

  /// As ``wait(for:)``, but returns nil once the system's monotonic clock reaches `deadline`.
  @inlinable
  package func wait<Result>(until deadline: MonotonicTime, for body: (inout State) -> Result?) -> Result? {
    let nanoseconds = max(0, deadline.nanoseconds)
    var limit = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    // SAFETY: as in `withLock`; `limit` outlives the call.
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      if unsafe pthread_cond_timedwait(condition, mutex, &limit) == ETIMEDOUT { return body(&state) }
    }
  }
}
