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

  /// Whether it tells of a fault, or of the end of one.
  var isOfFault: Bool {
    switch self {
    case .fault: true
    case .health(let change): change.fault != nil
    case .event(let event, _): FaultChange.Phase(rawValue: event.kind) != nil
    case .options, .file: false
    }
  }
}

/// Passes on what happens to those who follow the run. Costs nothing while nobody does, but for faults: the last ones are
/// numbered and kept, for those who come later.
final class RunNotices: Sendable {
  /// A notice as followers get it.
  struct Numbered: Sendable {
    let notice: RunNotice
    /// Of faults and their ends, from 1 on; nil for all else.
    let number: Int?
  }

  /// Of more, the oldest are forgotten.
  static let keptFaults = 256

  /// What one follower has still to take; of more the oldest are lost, so that nobody who is slow holds up the run.
  final class Follower: Sendable {
    static let limit = 1024

    private struct State {
      var waiting: Deque<Numbered> = []
      var lost = 0
    }

    private let state = Mutex(State())

    fileprivate func add(_ notice: Numbered) {
      state.withLock { state in
        if state.waiting.count >= Self.limit {
          state.waiting.removeFirst()
          state.lost += 1
        }
        state.waiting.append(notice)
      }
    }

    /// Everything that waits, oldest first, and how much was lost before it.
    func take() -> (notices: [Numbered], lost: Int) {
      state.withLock { state in
        defer { state = State() }
        return (Array(state.waiting), state.lost)
      }
    }
  }

  private struct State {
    var followers: [ObjectIdentifier: Follower] = [:]
    var faults: Deque<Numbered> = []
    var lastFault = 0
  }

  private let isFollowed = Atomic<Bool>(false)
  private let state = Mutex(State())

  func follow() -> Follower {
    let follower = Follower()
    state.withLock { state in
      state.followers[ObjectIdentifier(follower)] = follower
      isFollowed.store(true, ordering: .releasing)
    }
    return follower
  }

  func unfollow(_ follower: Follower) {
    state.withLock { state in
      state.followers[ObjectIdentifier(follower)] = nil
      isFollowed.store(!state.followers.isEmpty, ordering: .releasing)
    }
  }

  func publish(_ notice: RunNotice) {
    let isOfFault = notice.isOfFault
    guard isOfFault || isFollowed.load(ordering: .acquiring) else { return }
    state.withLock { state in
      if isOfFault { state.lastFault += 1 }
      let numbered = Numbered(notice: notice, number: isOfFault ? state.lastFault : nil)
      if isOfFault {
        if state.faults.count >= Self.keptFaults { state.faults.removeFirst() }
        state.faults.append(numbered)
      }
      for follower in state.followers.values { follower.add(numbered) }
    }
  }

  /// What a stage added to a frame.
  func publish(eventsOf result: Frame, before frame: Frame) {
    guard result.events.count > frame.events.count else { return }
    for event in result.events.dropFirst(frame.events.count) { publish(.event(event, result.header)) }
  }

  /// What was told of faults behind `number` and is still known, the oldest first.
  func faults(after number: Int) -> [Numbered] {
    state.withLock { $0.faults.filter { ($0.number ?? 0) > number } }
  }
}
