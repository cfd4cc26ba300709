public import EdgepipeCore
import Synchronization

package typealias ThreadLaunch =
  @Sendable (_ name: String, _ run: @escaping @Sendable () -> Void) throws(PipelineError) -> WorkerThread

/// What all threads of a run share: whether it is ending and why, and who is still at work.
final class RunControl: Sendable {
  private struct State {
    var isStopping = false
    var failure: PipelineError?
    var streamFailures: [StreamFailure] = []
    /// Workers that have not opened what they need yet.
    var starting = 0
    var running = 0
  }

  private let monitor = Monitor(State())
  private let stopFlag = Atomic<Bool>(false)
  let clock: any PipelineClock
  /// Starts a named thread; tests bring one that fails.
  let launch: ThreadLaunch
  /// False in the replay of a run that failed: what else that run did until it ended is done again.
  private let failureStops: Bool

  init(clock: any PipelineClock, failureStops: Bool = true, launch: @escaping ThreadLaunch) {
    self.clock = clock
    self.failureStops = failureStops
    self.launch = launch
  }

  /// Asked for every frame, and so without the lock that sleeping sources share.
  var isStopping: Bool { stopFlag.load(ordering: .acquiring) }
  var failure: PipelineError? { monitor.withLock { $0.failure } }
  var streamFailures: [StreamFailure] { monitor.withLock { $0.streamFailures } }

  func stop() {
    stopFlag.store(true, ordering: .releasing)
    monitor.change { $0.isStopping = true }
  }

  /// Ends the run; the first failure is the one that is reported.
  func fail(_ error: PipelineError) {
    if failureStops { stopFlag.store(true, ordering: .releasing) }
    monitor.change { state in
      if failureStops { state.isStopping = true }
      if state.failure == nil { state.failure = error }
    }
  }

  func failStream(_ failure: StreamFailure) { monitor.change { $0.streamFailures.append(failure) } }

  func expect(workers: Int, threads: Int) {
    monitor.change { state in
      state.starting += workers
      state.running += threads
    }
  }

  func workerIsReady() { monitor.change { $0.starting -= 1 } }
  func threadHasEnded() { monitor.change { $0.running -= 1 } }

  /// Every worker is ready, and not all have ended.
  var isReady: Bool { monitor.withLock { $0.starting == 0 && $0.running > 0 } }

  /// Waits until every worker is ready; false when the run ends before.
  func waitUntilReady() -> Bool {
    monitor.wait { state -> Bool? in
      if state.isStopping { return false }
      return state.starting == 0 ? true : nil
    }
  }

  /// Waits until a stop is asked for or all threads have ended; true when they have.
  func waitForStopOrEnd() -> Bool {
    monitor.wait { state -> Bool? in
      if state.running == 0 { return true }
      return state.isStopping ? false : nil
    }
  }

  /// Waits until all threads have ended; false when `deadline` comes first.
  func waitForEnd(until deadline: MonotonicTime) -> Bool {
    monitor.wait(until: deadline) { $0.running == 0 ? true : nil } ?? false
  }
}

/// One stream that ended with an error while the run went on.
public struct StreamFailure: Sendable {
  public let stream: String
  public let error: PipelineError
}
