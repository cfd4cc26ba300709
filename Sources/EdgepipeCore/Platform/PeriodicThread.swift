/// A thread that does one thing again and again, at a steady beat, until it is told to stop.
///
/// Beats that come while the work before still goes on are one.
package final class PeriodicThread: Sendable {
  private let monitor: Monitor<Bool>
  private let thread: WorkerThread

  /// - Parameters:
  ///   - name: 15 characters at most.
  ///   - milliseconds: from one beat to the next; the first comes after so many.
  /// - Throws: a ``PipelineError`` when the thread cannot be started.
  package init(name: String, everyMilliseconds milliseconds: Double, _ work: @escaping @Sendable () -> Void)
    throws(PipelineError)
  {
    let monitor = Monitor(false)
    self.monitor = monitor
    thread = try WorkerThread(name: name) {
      let clock = SystemClock()
      var next = clock.now().advanced(byMilliseconds: milliseconds)
      while monitor.wait(until: next, for: { $0 ? true : nil }) == nil {
        work()
        next = next.advanced(byMilliseconds: milliseconds)
        let now = clock.now()
        if next < now { next = now }
      }
    }
  }

  /// Returns once the work that goes on has ended; call it once.
  package func stop() {
    monitor.change { $0 = true }
    thread.join()
  }
}
