import EdgepipeCore
import Pipeline

/// What a stage remembers of each stream: bounded, and told when a stream has started anew.
struct StreamTable<State> {
  /// Of more streams, the one that was silent for longest is forgotten.
  static var maximumStreams: Int { 256 }

  private struct Entry {
    var state: State
    var width: Int
    var height: Int
    var time: MediaTime
    var discontinuity: Int
    var lastUse: Int
  }

  private var entries: [String: Entry] = [:]
  private var uses = 0

  var count: Int { entries.count }

  /// Gives `body` the state of the frame's stream.
  ///
  /// - Parameters:
  ///   - make: called for a stream that is not known.
  ///   - restart: called before `body` when the media time has stepped back, the source has begun anew or the picture's size has changed, so that
  ///     nothing that was seen before says anything about what comes.
  mutating func update(
    _ header: FrameHeader, make: () -> State, restart: (inout State) -> Void, body: (inout State) -> Void
  ) {
    let id = header.stream.id
    uses += 1
    // Taken out while it is changed: a state that is held twice would be copied.
    var entry =
      entries.removeValue(forKey: id)
      ?? Entry(
        state: make(), width: header.width, height: header.height, time: header.mediaTime,
        discontinuity: header.discontinuity, lastUse: uses)
    if entry.width != header.width || entry.height != header.height || header.mediaTime < entry.time
      || header.discontinuity != entry.discontinuity
    {
      restart(&entry.state)
      entry.discontinuity = header.discontinuity
      (entry.width, entry.height) = (header.width, header.height)
    }
    entry.time = header.mediaTime
    entry.lastUse = uses
    body(&entry.state)
    entries[id] = entry
    if entries.count > Self.maximumStreams, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      entries.removeValue(forKey: oldest.key)
    }
  }

  /// Gives `body` every stream that is remembered, in the order of their ids, and forgets it.
  mutating func finish(_ body: (String, inout State) -> Void) {
    for id in entries.keys.sorted() {
      guard var entry = entries.removeValue(forKey: id) else { continue }
      body(id, &entry.state)
    }
  }
}
