import Synchronization
import Testing

@testable import EdgepipeRemote

struct CallCancellationTests {
  @Test func givenAWaitingCallWhenCancelledThenItIsEndedOnceAndLaterOnesAtOnce() {
    let cancellation = CallCancellation(), ended = Mutex<[String]>([])
    _ = cancellation.onCancel { ended.withLock { $0.append("first") } }
    let second = cancellation.onCancel { ended.withLock { $0.append("removed") } }
    cancellation.remove(second)
    cancellation.cancel()
    cancellation.cancel()
    _ = cancellation.onCancel { ended.withLock { $0.append("later") } }
    #expect(ended.withLock { $0 } == ["first", "later"])
    #expect(cancellation.isCancelled)
  }
}
