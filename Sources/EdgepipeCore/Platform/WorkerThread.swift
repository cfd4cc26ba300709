import CPlatform
import Glibc

/// A dedicated, named thread that is joined: media work never runs anywhere else.
@safe package final class WorkerThread: @unchecked Sendable {
  // SAFETY (@unchecked Sendable): `handle` is written in init and read by `join`, which is called by one owner.
  private final class Body {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  private let handle: pthread_t
  private var isJoined = false

  /// Media libraries keep large arrays on the stack.
  private static let stackBytes = 2 << 20

  /// Starts a thread whose name is cut to the 15 characters that the system allows.
  ///
  /// - Throws: a ``PipelineError`` (`unavailable`) when the system gives no more threads.
  package init(name: String, _ run: @escaping @Sendable () -> Void) throws(PipelineError) {
    let body = unsafe Unmanaged.passRetained(Body(name: String(name.utf8.prefix(15)) ?? "edgepipe", run: run))
    var attributes = pthread_attr_t()
    var created = pthread_t()
    // SAFETY: the attributes live during the call; the new thread takes over the one reference to `body`.
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, Self.stackBytes)
    let status = unsafe pthread_create(
      &created, &attributes,
      { pointer in
        guard let pointer = unsafe pointer else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
        _ = unsafe body.name.withCString { unsafe ep_set_thread_name($0) }
        body.run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      unsafe body.release()
      throw PipelineError(
        "cannot start the thread '\(name)': system error \(status)",
        remedy: "raise the limit on processes (ulimit -u) or use fewer workers", code: .unavailable)
    }
    handle = created
  }

  /// Waits until the thread has ended. Calling it again does nothing.
  package func join() {
    guard !isJoined else { return }
    isJoined = true
    // SAFETY: `handle` names a thread that was started joinable and has not been joined.
    pthread_join(handle, nil)
  }
}
