import EdgepipeCore

/// One call whose thread waits for what another thread brings: the answer, the limit or the end, whichever is first.
final class BlockingCall<Answer: Sendable>: Sendable {
  private enum Outcome: Sendable {
    case finished(Result<Answer, any Error>)
    case cancelled
  }

  private let limit: MonotonicTime
  private let cancellations: [CallCancellation]
  private let outcome = Monitor<Outcome?>(nil)

  /// - Parameter cancellations: each of them ends it.
  init(until limit: MonotonicTime, ending cancellations: [CallCancellation?]) {
    self.limit = limit
    self.cancellations = cancellations.compactMap { $0 }
  }

  /// Called by the other thread; what comes later than the first is not looked at.
  func finish(_ result: Result<Answer, any Error>) {
    outcome.change { outcome in if outcome == nil { outcome = .finished(result) } }
  }

  /// - Parameter start: begins the work and returns what ends it.
  /// - Throws: `late` and `cancelled`; other failures are in the result.
  func wait(
    mayHaveRun: () -> Bool, _ start: (BlockingCall) -> @Sendable () -> Void
  ) throws(RemoteFailure) -> Result<Answer, any Error> {
    if cancellations.contains(where: \.isCancelled) { throw RemoteFailure(.cancelled, Self.ended, mayHaveRun: false) }
    guard SystemClock().now() < limit else {
      throw RemoteFailure(.late, "there is no time left for a call", mayHaveRun: false)
    }
    let end = start(self)
    let numbers = cancellations.map { cancellation in
      cancellation.onCancel { self.outcome.change { outcome in if outcome == nil { outcome = .cancelled } } }
    }
    defer { for (cancellation, number) in zip(cancellations, numbers) { cancellation.remove(number) } }
    switch outcome.wait(until: limit, for: { $0 }) {
    case .finished(let result): return result
    case .cancelled:
      end()
      throw RemoteFailure(.cancelled, Self.ended, mayHaveRun: mayHaveRun())
    case nil:
      end()
      throw RemoteFailure(.late, "no answer came in time", mayHaveRun: mayHaveRun())
    }
  }

  private static var ended: String { "the call was ended" }
}
