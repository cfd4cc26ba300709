package import EdgepipeCore

/// Counts what the processor does for single threads.
package protocol PerformanceCounters: Sendable {
  /// Begins to count for the calling thread, and for threads that it starts from now on.
  ///
  /// - Throws: a ``PipelineError`` that says why this machine does not count, and what would help.
  func open() throws(PipelineError) -> any ThreadCounter
}

/// Counts for the thread that opened it; let go, it ends.
package protocol ThreadCounter: AnyObject {
  /// So far; nil where the processor had no counter free.
  func read() -> CounterReading?
}

/// Instructions and clock cycles in user mode.
package struct CounterReading: Sendable, Hashable {
  package var instructions: Int64
  package var cycles: Int64

  init(instructions: Int64, cycles: Int64) {
    self.instructions = instructions
    self.cycles = cycles
  }
}
