import EdgepipeCore

/// Reads a trace from its first record to its last and checks that it makes sense.
///
/// Records stand in the order in which things happened. Whatever was taken was admitted before, and nothing twice; so
/// the thread that does the next recorded thing never waits for a later one, and a replay cannot hang.
struct TraceLoader {
  struct Stream {
    let info: StreamInfo
    var offsets: [Int] = []
    var lastSequence = -1
    var admitted = 0
    var closed = 0
    var mostInFlight = 0
    var hasEnded = false
  }

  private let file: TraceFile
  private(set) var manifest: TraceManifest?
  private(set) var facts: [UInt8]?
  private(set) var streams: [Stream] = []
  private(set) var options: [TraceRecord.Options] = []
  private(set) var stages: [Int: Trace.StageScript] = [:]
  private(set) var closed: [FrameKey: TraceRecord.Closing] = [:]
  private(set) var gap: String?
  private(set) var runFailed = false
  private var admitted: Set<FrameKey> = []
  private var hasEnded = false

  init(_ file: TraceFile) { self.file = file }

  mutating func load() throws(PipelineError) {
    var offset = TraceFormat.headerSize
    while let entry = try file.entry(at: offset) {
      do throws(PipelineError) {
        try take(TraceRecord(entry.kind, entry.payload), at: offset)
      } catch {
        throw file.damaged(offset, error.message)
      }
      offset = entry.next
    }
    if !hasEnded, gap == nil {
      let rest = file.size - offset
      gap = "its end is missing" + (rest > 0 ? ", and its last \(rest) bytes are not a whole record" : "")
    }
    removeLosses()
  }

  private mutating func take(_ record: TraceRecord, at offset: Int) throws(PipelineError) {
    if case .manifest(let json) = record {
      guard manifest == nil else { throw contradiction("a second manifest") }
      manifest = try TraceManifest(json: json)
      return
    }
    guard manifest != nil else { throw contradiction("the first record is not a manifest") }
    guard !hasEnded else { throw contradiction("a record comes after the end") }
    if let number = record.sourceStream {
      guard streams.indices.contains(number) else { throw contradiction("there is no stream \(number)") }
      guard !streams[number].hasEnded else { throw contradiction("stream \(number) has ended") }
      streams[number].offsets.append(offset)
    }
    switch record {
    case .manifest, .media, .health, .count, .streamFailure: break
    case .facts(let json): facts = json
    case .stream(let number, let info):
      guard number == streams.count else { throw contradiction("stream \(number) is out of order") }
      streams.append(Stream(info: info))
    case .settled(let stream, let isLive):
      guard streams.indices.contains(stream) else { throw contradiction("there is no stream \(stream)") }
      streams[stream].info.settle(isLive: isLive)
    case .options(let change):
      guard change.version == options.count + 1 else { throw contradiction("a change of options comes out of turn") }
      options.append(change)
    case .frame(let frame): try admit(frame)
    case .streamEnd(let stream, _): streams[stream].hasEnded = true
    case .taken(let stage, let key):
      guard admitted.contains(key) else { throw contradiction("a frame that was never admitted is taken") }
      guard stages[stage, default: .init()].fates.updateValue(.taken, forKey: key) == nil else {
        throw contradiction("a frame has two outcomes in one stage")
      }
      stages[stage]?.steps.append(.frame(key))
    case .notice(let stage, let change):
      stages[stage, default: .init()].append(change)
    case .lost(let stage, let key, let reason, let afterTaking): try lose(stage, key, reason, afterTaking)
    case .instant(let stage, let key, let time): stages[stage, default: .init()].instants[key] = time
    case .closed(let key, let closing):
      guard admitted.contains(key), closed.updateValue(closing, forKey: key) == nil else {
        throw contradiction("a frame ends that does not exist")
      }
      streams[key.stream].closed += 1
    case .cut(let reason): gap = reason
    case .end(let failed):
      hasEnded = true
      runFailed = failed
    }
  }

  private mutating func admit(_ frame: TraceRecord.Frame) throws(PipelineError) {
    guard frame.sequence > streams[frame.stream].lastSequence else {
      throw contradiction("frame numbers do not increase")
    }
    guard frame.optionsVersion <= options.count else { throw contradiction("a frame has options that were never set") }
    streams[frame.stream].lastSequence = frame.sequence
    guard frame.dropped == nil else { return }
    admitted.insert(FrameKey(stream: frame.stream, sequence: frame.sequence))
    streams[frame.stream].admitted += 1
    let inFlight = streams[frame.stream].admitted - streams[frame.stream].closed
    streams[frame.stream].mostInFlight = max(streams[frame.stream].mostInFlight, inFlight)
  }

  private mutating func lose(
    _ stage: Int, _ key: FrameKey, _ reason: DropReason, _ afterTaking: Bool
  ) throws(PipelineError) {
    guard admitted.contains(key) else { throw contradiction("a frame that was never admitted is lost") }
    let fate = Trace.StageScript.Fate.lost(reason, afterTaking: afterTaking)
    switch (stages[stage, default: .init()].fates.updateValue(fate, forKey: key), afterTaking) {
    case (nil, false), (.taken, true): break
    default: throw contradiction("a frame has two outcomes in one stage")
    }
  }

  /// Frames that a stage gave up need no place in its order: they end when they come.
  private mutating func removeLosses() {
    for (stage, script) in stages {
      stages[stage]?.steps = script.steps.filter { step in
        guard case .frame(let key) = step else { return true }
        if case .taken = script.fates[key] { return true }
        return false
      }
    }
  }

  private func contradiction(_ what: String) -> PipelineError {
    PipelineError("it is inconsistent: \(what)", code: .malformed)
  }
}
