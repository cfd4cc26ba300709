import Synchronization

/// The rules of restoring order: what came out of a queue as 0, 1, 2 … leaves in that order.
struct SequencerState<Element: Sendable>: Sendable {
  private var next = 0
  private var waiting: [Int: Element] = [:]

  /// Takes a finished element; nothing is released yet.
  mutating func deposit(_ element: Element, index: Int) { waiting[index] = element }

  /// The next element in order, if it is there.
  mutating func release() -> Element? {
    guard let element = waiting.removeValue(forKey: next) else { return nil }
    next += 1
    return element
  }
}

/// Lets the workers of a stage hand in results in any order and passes them on in order, one thread at a time.
///
/// The worker that completes the front passes on everything that is ready; the others go on working meanwhile.
final class Sequencer<Element: Sendable>: Sendable {
  private struct State {
    var order = SequencerState<Element>()
    var isPassingOn = false
  }

  private let state = Mutex(State())
  private let passOn: @Sendable (Element) -> Void

  init(_ passOn: @escaping @Sendable (Element) -> Void) { self.passOn = passOn }

  func complete(_ element: Element, index: Int) {
    var next = state.withLock { state -> Element? in
      state.order.deposit(element, index: index)
      return Self.take(&state, resuming: false)
    }
    while let ready = next {
      passOn(ready)
      next = state.withLock { Self.take(&$0, resuming: true) }
    }
  }

  private static func take(_ state: inout State, resuming: Bool) -> Element? {
    if state.isPassingOn, !resuming { return nil }
    let ready = state.order.release()
    state.isPassingOn = ready != nil
    return ready
  }
}
