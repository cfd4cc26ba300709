public import EdgepipeCore
import Synchronization

/// The fate of frames that a sink has taken over and will tell later, such as after a commit: see
/// ``FrameOutcome/deferred(_:)``.
///
/// One may stand for every frame of a commit. May be settled from any thread, also before the outcome that carries it has
/// been returned; only the first time counts. Frames whose fate is still open when their worker has finished have failed.
public final class DeferredFate: Sendable {
  public enum Settlement: Sendable {
    case delivered
    case dropped(DropReason)
    case failed(PipelineError)
  }

  private enum State {
    case open([@Sendable (Settlement) -> Void])
    case settled(Settlement)
  }

  private let state = Mutex(State.open([]))

  public init() {}

  /// Tells what became of every frame that this stands for, those included that come to it from now on.
  public func settle(_ settlement: Settlement) {
    let waiting = state.withLock { state -> [@Sendable (Settlement) -> Void] in
      guard case .open(let waiting) = state else { return [] }
      state = .settled(settlement)
      return waiting
    }
    for tell in waiting { tell(settlement) }
  }

  /// Calls `tell` once, when the fate is known or at once where it is.
  func whenSettled(_ tell: @escaping @Sendable (Settlement) -> Void) {
    let known = state.withLock { state -> Settlement? in
      switch state {
      case .settled(let settlement): return settlement
      case .open(var waiting):
        // Emptied first, so that the list grows in place.
        state = .open([])
        waiting.append(tell)
        state = .open(waiting)
        return nil
      }
    }
    if let known { tell(known) }
  }
}
