import Pipeline

/// The ids of results, by which receivers know what they have seen: `run/stream/stage/frame/ordinal`. Every sink gives the
/// same result the same id, whatever else it selects. Used by one worker, which shows it every frame.
struct ResultIDs {
  private struct Stream {
    /// Kept, so that the next stream of that name is known to be another one.
    var info: StreamInfo
    /// The run, and of a stream that has left and come back, how often: its frames count from 0 again.
    var run: String
    var number = 1
  }

  private let run: String
  private var streams: [String: Stream] = [:]
  private var healthLines: [String: Int] = [:]
  /// Of the frame at hand, by stage: where the search for the next event begins, and how many were told that happened
  /// before the frame.
  private var next: [String: Int] = [:]
  private var late: [String: Int] = [:]

  init(run: String) { self.run = run }

  /// From now on ids are those of this frame.
  mutating func begin(_ header: FrameHeader) {
    next.removeAll(keepingCapacity: true)
    late.removeAll(keepingCapacity: true)
    let id = header.stream.id
    guard let known = streams[id] else { return streams[id] = Stream(info: header.stream, run: run) }
    if known.info === header.stream { return }
    streams[id] = Stream(info: header.stream, run: "\(run).\(known.number + 1)", number: known.number + 1)
  }

  /// The frame's own line, of which each sink has one.
  func frame(_ header: FrameHeader, sink: String) -> String { id(header, sink, "frame") }

  /// - Parameter ordinal: the place of the change among those of the frame.
  func options(_ change: OptionChange, _ ordinal: Int, of header: FrameHeader) -> String {
    id(header, change.stage, "options-\(ordinal)")
  }

  /// The ordinal is the place of the event among those of its stage in the frame. One that waited for its time counts on
  /// behind them.
  mutating func event(_ event: FrameEvent, of frame: Frame) -> String {
    let own = frame.events.filter { $0.stage == event.stage }
    // Behind the one before, since two of a frame may say the same.
    if let place = own.indices.dropFirst(next[event.stage, default: 0]).first(where: { own[$0] == event }) {
      next[event.stage] = place + 1
      return id(frame.header, event.stage, "\(place)")
    }
    let place = own.count + late[event.stage, default: 0]
    late[event.stage, default: 0] += 1
    return id(frame.header, event.stage, "\(place)")
  }

  func track(_ summary: TrackSummary) -> String {
    let key = summary.key, run = streams[key.stream]?.run ?? run
    return "\(run)/\(key.stream)/\(key.stage)/\(summary.last.frame)/track-\(key.track)"
  }

  /// Health lines count by themselves.
  mutating func health(_ stream: String) -> String {
    let number = healthLines[stream, default: 0]
    healthLines[stream] = number + 1
    return "\(run)/\(stream)/health/\(number)/0"
  }

  private func id(_ header: FrameHeader, _ stage: String, _ ordinal: String) -> String {
    "\(streams[header.stream.id]?.run ?? run)/\(header.stream.id)/\(stage)/\(header.sequence)/\(ordinal)"
  }
}
