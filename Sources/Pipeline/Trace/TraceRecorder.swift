package import EdgepipeCore
package import Logging
import Synchronization

/// Writes what a run does into a trace, so that ``Trace`` can do it again.
///
/// Records are put in line by the thread that acts, and written by a thread of its own: a live stream never waits for
/// the disk. Where the disk fails or cannot keep up, recording ends with a warning, the run goes on, and the trace says
/// that it is not whole. May be used from any thread.
public final class TraceRecorder: Sendable {
  private struct State {
    var pending: [UInt8] = []
    /// Something came from a source: until then, nothing is written.
    var hasContent = false
    var hasFailed = false
    var isClosing = false
    /// Nothing is taken any more, for the reason in `cut` if it came too early.
    var isOver = false
    var cut: String?
    var bytes = 0
  }

  /// Bytes that may wait for the disk.
  static let standardBufferLimit = 64 << 20
  /// The writer is woken for so much; what is less waits a moment.
  private let wakeSize: Int
  private static let pauseMs = 200.0

  private let monitor: Monitor<State>
  private let streams = Mutex<(numbers: [ObjectIdentifier: Int], kept: [StreamInfo])>(([:], []))
  private let write: @Sendable ([UInt8]) throws -> Void
  private let bufferLimit: Int
  private let logger: Logger
  private let thread = Mutex<WorkerThread?>(nil)

  /// - Parameter path: replaced if it is there, once something comes from a source. Only its owner may read it, since
  ///   it holds pictures.
  /// - Throws: `writeFailed` when it cannot be written.
  package convenience init(path: String, manifest: TraceManifest, logger: Logger) throws(PipelineError) {
    let file = try TraceOutput(path: path)
    try self.init(manifest, logger: logger, writesAtOnce: file.isThereToStay) { try file.write($0) }
  }

  init(
    _ manifest: TraceManifest, logger: Logger, bufferLimit: Int = standardBufferLimit,
    writesAtOnce: Bool = true, write: @escaping @Sendable ([UInt8]) throws -> Void
  ) throws(PipelineError) {
    self.write = write
    self.bufferLimit = bufferLimit
    wakeSize = min(256 << 10, bufferLimit / 4)
    self.logger = logger
    var state = State()
    let first = TraceFormat.header + TraceRecord.manifest(manifest.json).encoded
    if writesAtOnce {
      do { try write(first) } catch { throw PipelineError(error, stage: "trace") }
      state.bytes = first.count
      state.hasContent = true
    } else {
      state.pending = first
    }
    monitor = Monitor(state)
    let started = try WorkerThread(name: "trace") { [self] in work() }
    thread.withLock { $0 = started }
  }

  /// Why recording ended before the run did, or nil.
  var cutReason: String? { monitor.withLock { $0.cut } }
  /// The trace's size so far.
  var bytes: Int { monitor.withLock { $0.bytes } }

  /// The run is over: writes what is left and closes the trace. Of a run that failed before anything came from a source
  /// no trace is left, and an older one stays.
  func finish(failed: Bool) {
    append(.end(failed: failed))
    monitor.change { $0.isClosing = true }
    thread.withLock {
      $0?.join()
      $0 = nil
    }
  }

  // MARK: - Records

  /// - Parameter mayWait: for files, which can wait for the disk.
  func append(_ record: TraceRecord, mayWait: Bool = false) {
    let bytes = record.encoded
    guard bytes.count - TraceFormat.recordHeaderSize <= TraceFormat.longestPayload else {
      return cut("a packet of \(bytes.count) bytes is too large")
    }
    if mayWait {
      monitor.wait { state -> Void? in
        state.isOver || state.pending.isEmpty || state.pending.count + bytes.count <= bufferLimit ? () : nil
      }
    }
    let (isFull, wakes) = monitor.withLock { state -> (Bool, Bool) in
      if state.isOver { return (false, false) }
      if state.pending.count + bytes.count > bufferLimit, !state.pending.isEmpty { return (true, true) }
      let before = state.pending.count
      state.pending += bytes
      state.hasContent = state.hasContent || record.isContent
      state.hasFailed = state.hasFailed || record.isFailure
      return (false, before < wakeSize && state.pending.count >= wakeSize)
    }
    if isFull { cut("the disk is too slow: \(bufferLimit >> 20) MB wait to be written") }
    if wakes { monitor.change { _ in } }
  }

  /// Numbers streams in the order in which they come.
  func register(_ stream: StreamInfo) -> Int {
    let number = streams.withLock { streams in
      // Kept, so that no later stream gets the same identity.
      streams.kept.append(stream)
      streams.numbers[ObjectIdentifier(stream)] = streams.kept.count - 1
      return streams.kept.count - 1
    }
    append(.stream(number, stream))
    return number
  }

  func key(_ header: FrameHeader) -> FrameKey? {
    streams.withLock { $0.numbers[ObjectIdentifier(header.stream)] }.map {
      FrameKey(stream: $0, sequence: header.sequence)
    }
  }

  // MARK: - Writing

  /// Ends the recording, but not the run.
  private func cut(_ reason: String) {
    let isFirst = monitor.withLock { state in
      if state.isOver { return false }
      state.isOver = true
      state.cut = reason
      state.pending += TraceRecord.cut(reason).encoded
      return true
    }
    if isFirst { logger.warning("the trace ends here, the run continues: \(reason)") }
  }

  private func work() {
    while true {
      let pause = SystemClock().now().advanced(byMilliseconds: Self.pauseMs)
      _ = monitor.wait(until: pause) { $0.isClosing || $0.pending.count >= wakeSize ? () : nil }
      let (batch, isLast) = monitor.change { state -> ([UInt8], Bool) in
        if state.isClosing { state.isOver = true }
        // Cut short, it says so.
        guard state.hasContent || state.cut != nil || state.isClosing && !state.hasFailed else {
          return ([], state.isClosing)
        }
        defer { state.pending = [] }
        return (state.pending, state.isClosing)
      }
      if !batch.isEmpty { put(batch) }
      if isLast { return }
    }
  }

  private func put(_ batch: [UInt8]) {
    do {
      try write(batch)
      monitor.withLock { $0.bytes += batch.count }
    } catch {
      cut("\(error)")
      // Perhaps this little still fits; without it, the missing end says the same.
      let rest = monitor.withLock { state in
        defer { state.pending = [] }
        return TraceRecord.cut(state.cut ?? "").encoded
      }
      try? write(rest)
    }
  }
}
