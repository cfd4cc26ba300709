import EdgepipeCore
import Synchronization

/// The thread that has the servers looked at, several times a second.
final class ServerWatchman: Sendable {
  private static let everyMs = 100.0

  private let group: ServerGroup
  private let stage: String
  private let census: ThreadCensus
  private let isOver = Monitor(false)
  private let thread = Mutex<WorkerThread?>(nil)

  init(_ group: ServerGroup, stage: String, census: ThreadCensus) {
    (self.group, self.stage, self.census) = (group, stage, census)
  }

  func start() throws(PipelineError) {
    let started = try WorkerThread(name: "\(stage).net") { [self] in
      census.register(stage: stage)
      while !ends() { group.look() }
      census.unregister()
    }
    thread.withLock { $0 = started }
  }

  func stop() {
    isOver.change { $0 = true }
    thread.withLock { $0.take() }?.join()
  }

  private func ends() -> Bool {
    isOver.wait(until: SystemClock().now().advanced(byMilliseconds: Self.everyMs)) { $0 ? true : nil } ?? false
  }
}
