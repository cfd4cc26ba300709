public import Foundation
import Synchronization

/// An engine that is opened with the first session, so that checking a pipeline needs no inference library.
///
/// A failure to open is kept and thrown again: every worker gets the same answer. Safe to use from any thread.
public final class LazyEngine: InferenceEngine {
  private enum State {
    case closed
    case open(any InferenceEngine)
    case failed(any Error)
  }

  private let open: @Sendable () throws -> any InferenceEngine
  private let state = Mutex(State.closed)

  public init(_ open: @escaping @Sendable () throws -> any InferenceEngine) { self.open = open }

  /// The opened engine's version, or `not loaded` before the first session.
  public var version: String {
    state.withLock { if case .open(let engine) = $0 { engine.version } else { "not loaded" } }
  }

  public func makeSession(model: Data, options: SessionOptions) throws -> any InferenceSession {
    try load().makeSession(model: model, options: options)
  }

  /// Opens the engine now, once.
  @discardableResult public func load() throws -> any InferenceEngine {
    try state.withLock { state in
      switch state {
      case .open(let engine): return engine
      case .failed(let error): throw error
      case .closed:
        do {
          let engine = try open()
          state = .open(engine)
          return engine
        } catch {
          state = .failed(error)
          throw error
        }
      }
    }
  }
}
