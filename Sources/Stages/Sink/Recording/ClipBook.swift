import EdgepipeCore
import Pipeline
import Synchronization

/// The clips of one stream between the thread that sees the events and the one that writes. Thread-safe.
final class ClipBook: Sendable {
  /// What is known of a clip beside its packets.
  struct Notes: Sendable {
    var events: [ReportValue] = []
    /// More than the JSON file lists.
    var eventsLeftOut = 0
    /// A JPEG file.
    var thumbnail: [UInt8]?
    /// From the clock of the packets to the media time of the frames, in nanoseconds.
    var offset: Int64 = 0
    /// The key frame that it begins with.
    var start = 0
    /// Why that key frame is not early enough.
    var lacks = StreamPackets.Start.Lack.nothing
  }

  private struct State {
    var plan: ClipPlan
    var notes: [Int: Notes] = [:]
    /// Nothing before it is asked for by an event that may still come.
    var frameFloor = 0
    /// Where the first clip is read.
    var cursor: Int?
    /// The first clip waits for what becomes of it.
    var isParked = false
    var checked: StreamPlace?
  }

  let packets: StreamPackets
  private let reader: StreamPackets.ReaderID
  private let before: MediaTime
  private let wake: @Sendable () -> Void
  private let state: Mutex<State>

  /// The JSON file lists so many events.
  private static let mostEvents = 1000
  /// How far frames go on before what is kept for them is thought over.
  private static let step = MediaTime(nanoseconds: 250_000_000)

  init(_ packets: StreamPackets, _ lengths: ClipPlan.Lengths, wake: @escaping @Sendable () -> Void) {
    self.packets = packets
    before = lengths.before
    self.wake = wake
    reader = packets.addReader(reads: false, wake: wake)
    state = Mutex(State(plan: ClipPlan(lengths)))
  }

  // MARK: - The thread that sees the frames

  /// - Returns: the id of the clip that begins with these events and wants a picture.
  func take(_ header: FrameHeader, _ events: [ReportValue]) -> Int? {
    guard let place = packets.place(capturedAt: header.captured) else { return nil }
    let (begun, isChanged) = state.withLock { state -> (Int?, Bool) in
      guard !events.isEmpty else { return (nil, follow(place, &state)) }
      let (clip, isNew) = state.plan.event(at: place)
      if isNew {
        let start = packets.start(at: StreamPlace(generation: clip.generation, time: clip.begin))
        var notes = Notes(start: start.serial, lacks: start.lacks)
        notes.offset = header.mediaTime.nanoseconds &- place.time.nanoseconds
        state.notes[clip.id] = notes
      }
      let room = max(0, Self.mostEvents - (state.notes[clip.id]?.events.count ?? 0))
      state.notes[clip.id]?.events += events.prefix(room)
      state.notes[clip.id]?.eventsLeftOut += max(0, events.count - room)
      state.isParked = false
      setFloor(state)
      return (isNew ? clip.id : nil, true)
    }
    if isChanged { wake() }
    return begun
  }

  /// - Returns: whether the last clip is settled by now, and was not before.
  private func follow(_ place: StreamPlace, _ state: inout State) -> Bool {
    let before = state.plan.clips.last
    state.plan.frame(at: place)
    let isChanged = state.plan.clips.last != before
    if let checked = state.checked, checked.generation == place.generation, place.time < checked.time + Self.step,
      place.time > checked.time
    {
      return isChanged
    }
    state.checked = place
    let oldest = StreamPlace(generation: place.generation, time: place.time - self.before)
    state.frameFloor = packets.start(at: oldest).serial
    setFloor(state)
    return isChanged
  }

  func setThumbnail(_ bytes: [UInt8], of clip: Int) { state.withLock { $0.notes[clip]?.thumbnail = bytes } }

  /// Whether the first clip may be closed by now.
  var isSettled: Bool { state.withLock { $0.plan.clips.first?.isSettled ?? false } }

  // MARK: - The thread that writes

  /// The first clip that is not closed.
  func first() -> (clip: ClipPlan.Clip, notes: Notes)? {
    state.withLock { state in
      guard let clip = state.plan.clips.first else { return nil }
      return (clip, state.notes[clip.id] ?? Notes())
    }
  }

  /// How far the first clip has been read, and whether it goes on only with a new event or frame.
  func note(cursor: Int, isParked: Bool) {
    state.withLock { state in
      (state.cursor, state.isParked) = (cursor, isParked)
      setFloor(state)
    }
  }

  /// Closes a clip that cannot grow any more.
  ///
  /// - Parameter force: an event that would overlap it begins a clip of its own.
  /// - Returns: what is known of it; nil where it may still grow, or has grown.
  func close(_ clip: ClipPlan.Clip, force: Bool) -> Notes? {
    state.withLock { state in
      guard let first = state.plan.clips.first, first.id == clip.id, force || first.isSettled && first.end == clip.end
      else { return nil }
      state.plan.remove(clip.id)
      if state.plan.clips.isEmpty { state.plan.settle() }
      (state.cursor, state.isParked) = (nil, false)
      defer { setFloor(state) }
      return state.notes.removeValue(forKey: clip.id) ?? Notes()
    }
  }

  /// What the ring must keep, and whether a file's source has to wait.
  private func setFloor(_ state: State) {
    let starts = state.plan.clips.compactMap { state.notes[$0.id]?.start }
    let waiting = state.cursor == nil ? starts : Array(starts.dropFirst()) + [state.cursor ?? 0]
    let floor = min(state.frameFloor, waiting.min() ?? .max)
    let unread = state.plan.clips.isEmpty || state.isParked ? nil : state.cursor ?? starts.first
    packets.set(reader, floor: floor, unread: unread)
  }
}
