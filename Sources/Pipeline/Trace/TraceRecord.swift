import EdgepipeCore

/// One record of a trace.
enum TraceRecord: Sendable {
  struct Frame: Sendable {
    let stream: Int
    let sequence: Int
    let mediaTime: MediaTime
    let captured: MonotonicTime
    let capturedWall: WallTime
    let deadline: MonotonicTime?
    let source: String
    let width: Int
    let height: Int
    let discontinuity: Int
    let detectionShare: Double
    /// The number of the last change of options before it; 0 for none.
    let optionsVersion: Int
    /// Nil: admitted.
    let dropped: DropReason?
  }

  /// New values of options of one stage, as they were asked for in JSON.
  struct Options: Sendable {
    /// Counts from 1.
    let version: Int
    let stage: Int
    let json: [UInt8]
  }

  struct Health: Sendable {
    let health: StreamHealth
    /// Set where the state changed.
    let change: HealthChange?
  }

  /// How a frame ended, and when.
  struct Closing: Sendable {
    let time: MonotonicTime
    /// Where two branches lose a frame at the same time, chance decides which was the first.
    let fate: FrameFate
  }

  case manifest([UInt8])
  case facts([UInt8])
  case stream(Int, StreamInfo)
  /// The stream's input is open and shows whether it is live, against what its address looked like.
  case settled(stream: Int, isLive: Bool)
  case media(stream: Int, [UInt8])
  case options(Options)
  case frame(Frame)
  case health(stream: Int, Health)
  case count(stream: Int, name: String, increment: Int)
  case streamFailure(stream: Int, name: String, PipelineError)
  case streamEnd(stream: Int, PipelineError?)
  case taken(stage: Int, FrameKey)
  case notice(stage: Int, HealthChange)
  /// - afterTaking: it was taken out of the queue and given up before its work began.
  case lost(stage: Int, FrameKey, DropReason, afterTaking: Bool)
  /// When a stage was asked for an instant that is in its output.
  case instant(stage: Int, FrameKey, MonotonicTime)
  /// The frame has met its fate.
  case closed(FrameKey, Closing)
  case cut(String)
  case end(failed: Bool)

  /// A frame, or what one is made of, or the state of a camera: something that a source had to say.
  var isContent: Bool {
    switch self {
    case .media, .frame, .health: true
    default: false
    }
  }

  /// A stream or the run failed.
  var isFailure: Bool {
    switch self {
    case .streamFailure: true
    case .streamEnd(_, let error): error != nil
    case .end(let failed): failed
    default: false
    }
  }

  /// The stream whose source must see this record again.
  var sourceStream: Int? {
    switch self {
    case .media(let stream, _), .health(let stream, _), .count(let stream, _, _), .streamFailure(let stream, _, _),
      .streamEnd(let stream, _):
      stream
    case .frame(let frame): frame.stream
    default: nil
    }
  }

  // MARK: - Writing

  var encoded: [UInt8] {
    var out = TraceEncoder()
    return TraceFormat.record(encode(into: &out), out.bytes)
  }

  private func encode(into out: inout TraceEncoder) -> TraceKind {
    switch self {
    case .manifest(let json):
      out.blob(json)
      return .manifest
    case .facts(let json):
      out.blob(json)
      return .facts
    case .stream(let number, let info):
      out.integer(number)
      out.text(info.id)
      out.text(info.sourceStage)
      out.bool(info.isLive)
      out.optional(info.deadlineMs) { $0.double($1) }
      return .stream
    case .settled(let stream, let isLive):
      out.integer(stream)
      out.bool(isLive)
      return .settled
    case .media(let stream, let bytes):
      out.integer(stream)
      out.blob(bytes)
      return .media
    case .options(let change):
      out.integer(change.version)
      out.integer(change.stage)
      out.blob(change.json)
      return .options
    case .frame(let frame):
      out.encode(frame)
      return .frame
    case .health(let stream, let entry):
      out.integer(stream)
      out.encode(entry.change ?? HealthChange(health: entry.health, previous: nil, fault: nil, faultSeconds: nil))
      out.bool(entry.change != nil)
      return .health
    case .count(let stream, let name, let increment):
      out.integer(stream)
      out.text(name)
      out.integer(increment)
      return .count
    case .streamFailure(let stream, let name, let error):
      out.integer(stream)
      out.text(name)
      out.encode(error)
      return .streamFailure
    case .streamEnd(let stream, let error):
      out.integer(stream)
      out.optional(error) { $0.encode($1) }
      return .streamEnd
    case .taken(let stage, let key):
      out.encode(stage, key)
      return .taken
    case .notice(let stage, let change):
      out.integer(stage)
      out.encode(change)
      return .notice
    case .lost(let stage, let key, let reason, let afterTaking):
      out.encode(stage, key)
      out.text(reason.rawValue)
      out.bool(afterTaking)
      return .lost
    case .instant(let stage, let key, let time):
      out.encode(stage, key)
      out.integer(time.nanoseconds)
      return .instant
    case .closed(let key, let closing):
      out.encode(key)
      out.integer(closing.time.nanoseconds)
      out.encode(closing.fate)
      return .closed
    case .cut(let reason):
      out.text(reason)
      return .cut
    case .end(let failed):
      out.bool(failed)
      return .end
    }
  }

  // MARK: - Reading

  /// - Throws: ``PipelineError`` `malformed`.
  init(_ kind: TraceKind, _ payload: [UInt8]) throws(PipelineError) {
    var from = TraceDecoder(payload)
    self = try Self.read(kind, &from)
    guard from.isAtEnd else { throw TraceDecoder.damaged("it is longer than its content") }
  }

  private static func read(_ kind: TraceKind, _ from: inout TraceDecoder) throws(PipelineError) -> TraceRecord {
    switch kind {
    case .manifest: return .manifest(try from.blob())
    case .facts: return .facts(try from.blob())
    case .stream:
      return .stream(
        try from.streamNumber(),
        StreamInfo(
          id: try from.text(), sourceStage: try from.text(), isLive: try from.bool(),
          deadlineMs: try from.optional { from throws(PipelineError) in try from.double() }))
    case .settled: return .settled(stream: try from.streamNumber(), isLive: try from.bool())
    case .media: return .media(stream: try from.streamNumber(), try from.blob())
    case .options:
      return .options(
        Options(version: try from.integer(in: 1...Int.max), stage: try from.stageIndex(), json: try from.blob()))
    case .frame: return .frame(try from.frame())
    case .health: return try from.healthRecord()
    case .count:
      return .count(
        stream: try from.streamNumber(), name: try from.text(), increment: try from.integer(in: -(1 << 40)...(1 << 40)))
    case .streamFailure:
      return .streamFailure(stream: try from.streamNumber(), name: try from.text(), try from.error())
    case .streamEnd:
      return .streamEnd(
        stream: try from.streamNumber(), try from.optional { from throws(PipelineError) in try from.error() })
    case .taken: return .taken(stage: try from.stageIndex(), try from.key())
    case .notice: return .notice(stage: try from.stageIndex(), try from.change())
    case .lost:
      return .lost(
        stage: try from.stageIndex(), try from.key(), DropReason(rawValue: try from.text()),
        afterTaking: try from.bool())
    case .instant:
      return .instant(
        stage: try from.stageIndex(), try from.key(), MonotonicTime(nanoseconds: try from.integer()))
    case .closed:
      return .closed(
        try from.key(), Closing(time: MonotonicTime(nanoseconds: try from.integer()), fate: try from.fate()))
    case .cut: return .cut(try from.text())
    case .end: return .end(failed: try from.bool())
    }
  }
}
