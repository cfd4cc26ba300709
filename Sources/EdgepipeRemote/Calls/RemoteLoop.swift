import NIOCore
import NIOPosix

/// The one thread on which all connections to servers are served. It lives as long as the process.
enum RemoteLoop {
  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Runs tasks on that thread too: they neither wait for the threads that all tasks share, which others may keep busy, nor
  /// change threads for each message.
  static let executor = LoopExecutor(group.next())
}

/// Runs the parts of a task as work of an event loop.
final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
