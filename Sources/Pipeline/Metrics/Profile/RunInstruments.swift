import EdgepipeCore
package import EdgepipeMachine

/// What looks at a run more closely than its metrics do. It only looks: the run does the same without.
package struct RunInstruments: Sendable {
  /// Keeps what each thread does.
  package var spans: SpanRecorder?
  /// Counts instructions by thread.
  package var counters: (any PerformanceCounters)?

  package init(spans: SpanRecorder? = nil, counters: (any PerformanceCounters)? = nil) {
    self.spans = spans
    self.counters = counters
  }

  /// Call it on the thread itself, before it starts threads of its own.
  func probe(stage: String, thread: String) -> ThreadProbe {
    ThreadProbe(
      spans: spans?.writer(stage: stage, thread: thread),
      counter: counters.map { try? $0.open() })
  }
}

/// The instruments of one thread; used by that thread alone.
struct ThreadProbe {
  private var spans: SpanWriter?
  /// Nil: nobody asks; nil within: this thread cannot be counted.
  private let counter: (any ThreadCounter)??
  private var base: CounterReading?
  /// The work on the frame that has not been passed on yet.
  private var work: Span?

  fileprivate init(spans: SpanWriter?, counter: (any ThreadCounter)??) {
    self.spans = spans
    self.counter = counter
  }

  /// What the thread does from now on is work on frames.
  mutating func begin() { base = counter??.read() }

  /// The thread has worked on a frame.
  mutating func worked(on key: FrameKey, enqueued: MonotonicTime, from start: MonotonicTime, to end: MonotonicTime) {
    guard spans != nil else { return }
    work = Span(
      stream: key.stream, sequence: key.sequence, enqueued: enqueued, start: start, end: end, released: end)
  }

  /// The frame that was worked on last has been passed on.
  ///
  /// - Parameter now: read only where somebody asks.
  mutating func passedOn(at now: @autoclosure () -> MonotonicTime) {
    guard var span = work else { return }
    span.released = now()
    spans?.append(span)
    work = nil
  }

  mutating func paused(from start: MonotonicTime, to end: MonotonicTime) {
    spans?.append(Span(kind: .pause, stream: 0, sequence: 0, enqueued: start, start: start, end: end, released: end))
  }

  /// Hands over everything; call it before the thread ends.
  mutating func finish(_ metrics: StageMetrics) {
    spans?.finish()
    guard let counter else { return }
    if let base, let now = counter?.read() {
      metrics.update { values in
        values.instructions += now.instructions - base.instructions
        values.cycles += now.cycles - base.cycles
        values.threadsCounted += 1
      }
    } else {
      metrics.update { $0.threadsNotCounted += 1 }
    }
  }
}
