import EdgepipeCore

/// Threads that wait for servers, so that nobody else has to: started as they are needed, up to a limit.
///
/// Who gives up on an answer goes on at once; the lane waits until the request's own limit, and what comes late is still known.
final class RequestLanes: Sendable {
  typealias Job = @Sendable () -> Void

  private struct State {
    var jobs: [Job] = []
    var idle = 0
    var isClosed = false
    var threads: [WorkerThread] = []
  }

  private let stage: String
  private let most: Int
  private let census: ThreadCensus
  private let state = Monitor(State())

  init(stage: String, most: Int, census: ThreadCensus) {
    (self.stage, self.most, self.census) = (stage, max(1, most), census)
  }

  /// Has a free lane do `job`.
  ///
  /// - Returns: false where all are busy, or the lanes are closed.
  func submit(_ job: @escaping Job) -> Bool {
    state.change { state in
      guard !state.isClosed else { return false }
      if state.idle <= state.jobs.count {
        guard state.threads.count < most, let thread = makeThread(state.threads.count) else { return false }
        state.threads.append(thread)
        // It counts as idle from now on, and takes this job or another one.
        state.idle += 1
      }
      state.jobs.append(job)
      return true
    }
  }

  /// Ends the threads once what they do has ended; jobs that nobody has begun are not done.
  func close() {
    let threads = state.change { state in
      state.isClosed = true
      state.jobs = []
      defer { state.threads = [] }
      return state.threads
    }
    for thread in threads { thread.join() }
  }

  private func makeThread(_ number: Int) -> WorkerThread? {
    try? WorkerThread(name: "\(stage).net\(number)") { [self] in
      census.register(stage: stage)
      while let job = next() {
        job()
        state.withLock { $0.idle += 1 }
      }
      census.unregister()
    }
  }

  private func next() -> Job? {
    let job: Job?? = state.wait { state in
      if state.isClosed { return .some(nil) }
      guard !state.jobs.isEmpty else { return nil }
      state.idle -= 1
      return .some(state.jobs.removeFirst())
    }
    return job ?? nil
  }
}
