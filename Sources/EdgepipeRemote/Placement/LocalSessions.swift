import Detectors
import EdgepipeCore

/// The sessions of a model here, of which there may be fewer than workers: most of them wait for servers.
final class LocalSessions: Sendable {
  /// A session on its way to the one thread that uses it until it is given back.
  @safe struct Lent: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): whoever took it out of the list uses it alone until it is back in.
    let session: any InferenceSession
  }

  private struct State {
    var free: [Lent] = []
    var opened = 0
    var waiting = 0
  }

  let most: Int
  private let open: @Sendable () throws -> any InferenceSession
  private let state = Monitor(State())

  init(most: Int, opening open: @escaping @Sendable () throws -> any InferenceSession) {
    (self.most, self.open) = (max(1, most), open)
  }

  /// How many could be used at once now, and how many threads wait for one.
  var room: (free: Int, waiting: Int) {
    state.withLock { ($0.free.count + most - $0.opened, $0.waiting) }
  }

  /// A session, once one is free.
  ///
  /// - Throws: the engine's error when it cannot be opened.
  func take() throws -> Lent {
    let lent: Lent?? = state.withLock { state in
      if let lent = state.free.popLast() { return .some(lent) }
      if state.opened < most {
        state.opened += 1
        return .some(nil)
      }
      state.waiting += 1
      return nil
    }
    switch lent {
    case .some(.some(let lent)): return lent
    case .some(.none):
      do { return Lent(session: try open()) } catch {
        state.change { $0.opened -= 1 }
        throw error
      }
    case .none:
      return state.wait { state in
        guard let lent = state.free.popLast() else { return nil }
        state.waiting -= 1
        return lent
      }
    }
  }

  func give(back lent: Lent) { state.change { $0.free.append(lent) } }
}
