import DequeModule
import EdgepipeCore
import Synchronization

/// Something that happened in a run.
enum RunNotice: Sendable {
  case health(HealthChange)
  /// A stage added it to a frame. The frame may still be lost on its way to the sinks.
  case event(FrameEvent, FrameHeader)
  case options(OptionChange)
  case file(WrittenFile)
  /// What the run itself found wrong, or well again; what a stage found is an event of its frame.
  case fault(FaultChange)
}

/// Passes on what happens to those who follow the run. Costs nothing while nobody does.
final class RunNotices: Sendable {
  /// What one follower has still to take; of more the oldest are lost, so that nobody who is slow holds up the run.
  final class Follower: Sendable {
    static let limit = 1024

    private struct State {
      var waiting: Deque<RunNotice> = []
      var lost = 0
    }

    private let state = Mutex(State())

    fileprivate func add(_ notice: RunNotice) {
      state.withLock { state in
        if state.waiting.count >= Self.limit {
          state.waiting.removeFirst()
          state.lost += 1
        }
        state.waiting.append(notice)
      }
    }

    /// Everything that waits, oldest first, and how much was lost before it.
    func take() -> (notices: [RunNotice], lost: Int) {
      state.withLock { state in
        defer { state = State() }
        return (Array(state.waiting), state.lost)
      }
    }
  }

  private let isFollowed = Atomic<Bool>(false)
  private let followers = Mutex<[ObjectIdentifier: Follower]>([:])

  func follow() -> Follower {
    let follower = Follower()
    followers.withLock { followers in
      followers[ObjectIdentifier(follower)] = follower
      isFollowed.store(true, ordering: .releasing)
    }
    return follower
  }

  func unfollow(_ follower: Follower) {
    followers.withLock { followers in
      followers[ObjectIdentifier(follower)] = nil
      isFollowed.store(!followers.isEmpty, ordering: .releasing)
    }
  }

  func publish(_ notice: @autoclosure () -> RunNotice) {
    guard isFollowed.load(ordering: .acquiring) else { return }
    let notice = notice()
    followers.withLock { followers in for follower in followers.values { follower.add(notice) } }
  }

  /// What a stage added to a frame.
  func publish(eventsOf result: Frame, before frame: Frame) {
    guard isFollowed.load(ordering: .acquiring), result.events.count > frame.events.count else { return }
    for event in result.events.dropFirst(frame.events.count) { publish(.event(event, result.header)) }
  }
}
