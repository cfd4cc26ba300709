import EdgepipeCore
import Synchronization

/// The system's clock, until it is told to hurry: then each look at it takes a second, so that patience ends soon without a
/// time that a busy machine could miss.
final class HastyClock: PipelineClock {
  private let state = Mutex<(hurries: Bool, extra: Int64)>((false, 0))

  func hurry(_ hurries: Bool = true) { state.withLock { $0.hurries = hurries } }

  func now() -> MonotonicTime {
    let extra = state.withLock { state in
      if state.hurries { state.extra += 1_000_000_000 }
      return state.extra
    }
    return SystemClock().now().advanced(byNanoseconds: extra)
  }

  func wallTime() -> WallTime { SystemClock().wallTime() }
}
