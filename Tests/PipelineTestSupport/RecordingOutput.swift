public import EdgepipeCore
import Synchronization

@testable public import Pipeline

/// A source's output that keeps what it is given, for tests that run a source alone.
public final class RecordingOutput: SourceOutput {
  public struct Health: Sendable, Hashable {
    public let state: StreamState
    public let attempt: Int
    public let error: String?
  }

  private struct State {
    var frames: [Frame] = []
    var counts: [String: Int] = [:]
    var failures: [String: PipelineError] = [:]
    var waits: [MonotonicTime] = []
    var positions: [MediaTime] = []
    var duration: MediaTime?
    var health: [Health] = []
    var isStopping = false
  }

  private let state = Mutex(State())
  private let stopAfter: Int?
  private let keepsImages: Bool
  private let onFrame: @Sendable (Frame) -> Void

  /// - Parameters:
  ///   - stopAfter: ends the run when so many frames have come.
  ///   - keepsImages: false lets the pixels go at once, so that memory shows what the source itself holds.
  ///   - onFrame: sees each frame with its pixels, on the source's thread.
  public init(
    stopAfter: Int? = nil, keepsImages: Bool = true, onFrame: @escaping @Sendable (Frame) -> Void = { _ in }
  ) {
    self.stopAfter = stopAfter
    self.keepsImages = keepsImages
    self.onFrame = onFrame
  }

  public var frames: [Frame] { state.withLock { $0.frames } }
  public var counts: [String: Int] { state.withLock { $0.counts } }
  public var failures: [String: PipelineError] { state.withLock { $0.failures } }
  /// The instants that the source asked to wait for; the wait itself takes no time.
  public var waits: [MonotonicTime] { state.withLock { $0.waits } }
  public var positions: [MediaTime] { state.withLock { $0.positions } }
  public var duration: MediaTime? { state.withLock { $0.duration } }

  public func stop() { state.withLock { $0.isStopping = true } }

  public func emit(_ frame: Frame) -> Admission {
    onFrame(frame)
    return state.withLock { state in
      if state.isStopping { return .stopped }
      var kept = frame
      if !keepsImages { kept.image = nil }
      state.frames.append(kept)
      if let stopAfter, state.frames.count >= stopAfter { state.isStopping = true }
      return .admitted
    }
  }

  public var isStopping: Bool { state.withLock { $0.isStopping } }

  public func wait(until deadline: MonotonicTime) -> Bool {
    state.withLock { state in
      state.waits.append(deadline)
      return !state.isStopping
    }
  }

  public func report(position: MediaTime, duration: MediaTime?) {
    state.withLock { state in
      state.positions.append(position)
      state.duration = duration
    }
  }

  public func count(_ name: String, _ increment: Int) {
    state.withLock { $0.counts[name, default: 0] += increment }
  }

  /// What the source said of its stream, in order.
  public var health: [Health] { state.withLock { $0.health } }

  public func health(_ streamState: StreamState, attempt: Int, error: String?) {
    state.withLock { $0.health.append(Health(state: streamState, attempt: attempt, error: error)) }
  }

  public func fail(stream: String, _ error: PipelineError) {
    state.withLock { $0.failures[stream] = error }
  }
}
