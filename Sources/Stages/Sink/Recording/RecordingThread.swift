import EdgepipeCore
import Pipeline

/// Writes the recordings of one stream. Used by the sink's writing thread.
protocol StreamWriter: AnyObject {
  /// Writes what there is to write.
  ///
  /// - Parameter isLast: nothing more will come.
  /// - Returns: whether it wants to be asked again soon, although nothing new may have come.
  func work(isLast: Bool) -> Bool
}

/// The thread on which a recording sink writes, beside the thread that takes its frames: a slow disk holds up neither
/// pictures nor detectors.
final class RecordingThread: FrameWorker {
  private let mailbox: RecordingMailbox
  private let thread: WorkerThread
  private let take: (Frame) throws -> Void

  private static let tickMilliseconds = 1000.0
  /// How often the age of recordings is looked at where nothing is written.
  private static let idleMilliseconds = 60_000.0

  /// - Parameters:
  ///   - makeStore: called on the new thread.
  ///   - makeWriter: for a stream that has begun.
  ///   - take: for each frame, on the stage's own thread.
  init(
    _ context: StageContext, _ mailbox: RecordingMailbox, store makeStore: @escaping @Sendable () -> RecordingStore,
    writer makeWriter: @escaping @Sendable (StreamPackets, RecordingStore) -> (any StreamWriter)?,
    take: @escaping (Frame) throws -> Void
  ) throws(PipelineError) {
    self.mailbox = mailbox
    self.take = take
    thread = try WorkerThread(name: "rec \(context.id)") {
      context.threads.register(stage: context.id)
      defer { context.threads.unregister() }
      Self.run(mailbox, context.clock, makeStore(), makeWriter)
    }
  }

  private static func run(
    _ mailbox: RecordingMailbox, _ clock: any PipelineClock, _ store: RecordingStore,
    _ makeWriter: (StreamPackets, RecordingStore) -> (any StreamWriter)?
  ) {
    var writers: [any StreamWriter] = []
    var isBusy = false
    var pruned = clock.now()
    store.prune()
    while true {
      let pause = isBusy ? tickMilliseconds : idleMilliseconds
      let (arrived, isFinishing) = mailbox.next(until: SystemClock().now().advanced(byMilliseconds: pause))
      writers += arrived.compactMap { makeWriter($0, store) }
      isBusy = false
      for writer in writers where writer.work(isLast: isFinishing) { isBusy = true }
      if isFinishing { return }
      guard clock.now() >= pruned.advanced(byMilliseconds: idleMilliseconds) else { continue }
      pruned = clock.now()
      store.prune()
    }
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    try take(frame)
    return .emit(frame)
  }

  func finish() throws {
    mailbox.finish()
    thread.join()
  }
}
