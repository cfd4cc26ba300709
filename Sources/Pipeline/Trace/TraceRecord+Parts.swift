import EdgepipeCore

// The parts of which records are made, each written and read side by side.

extension TraceEncoder {
  mutating func encode(_ stage: Int, _ key: FrameKey) {
    integer(stage)
    encode(key)
  }

  mutating func encode(_ key: FrameKey) {
    integer(key.stream)
    integer(key.sequence)
  }

  mutating func encode(_ frame: TraceRecord.Frame) {
    integer(frame.stream)
    integer(frame.sequence)
    integer(frame.mediaTime.nanoseconds)
    integer(frame.captured.nanoseconds)
    integer(frame.capturedWall.nanoseconds)
    optional(frame.deadline) { $0.integer($1.nanoseconds) }
    text(frame.source)
    integer(frame.width)
    integer(frame.height)
    integer(frame.discontinuity)
    double(frame.detectionShare)
    integer(frame.optionsVersion)
    optional(frame.dropped) { $0.text($1.rawValue) }
  }

  mutating func encode(_ change: HealthChange) {
    text(change.health.stream)
    text(change.health.state.rawValue)
    integer(change.health.since.nanoseconds)
    integer(change.health.sinceWall.nanoseconds)
    integer(change.health.attempt)
    optional(change.health.lastError) { $0.text($1) }
    optional(change.previous) { $0.text($1.rawValue) }
    optional(change.fault) { $0.text($1.rawValue) }
    optional(change.faultSeconds) { $0.double($1) }
  }

  mutating func encode(_ fate: FrameFate) {
    switch fate {
    case .delivered: byte(0)
    case .dropped(let stage, let reason):
      byte(1)
      text(stage)
      text(reason.rawValue)
    case .failed(let stage):
      byte(2)
      text(stage)
    }
  }

  mutating func encode(_ error: PipelineError) {
    text(error.message)
    optional(error.remedy) { $0.text($1) }
    optional(error.stage) { $0.text($1) }
    text(error.consequence.rawValue)
    text(error.code.rawValue)
  }
}

extension TraceDecoder {
  mutating func streamNumber() throws(PipelineError) -> Int { try integer(in: 0...TraceLimits.streams) }
  mutating func stageIndex() throws(PipelineError) -> Int { try integer(in: 0...PipelineSchema.maximumStages) }

  mutating func key() throws(PipelineError) -> FrameKey {
    FrameKey(stream: try streamNumber(), sequence: try integer(in: 0...Int.max))
  }

  mutating func frame() throws(PipelineError) -> TraceRecord.Frame {
    TraceRecord.Frame(
      stream: try streamNumber(), sequence: try integer(in: 0...Int.max),
      mediaTime: MediaTime(nanoseconds: try integer()), captured: MonotonicTime(nanoseconds: try integer()),
      capturedWall: WallTime(nanoseconds: try integer()),
      deadline: try optional { from throws(PipelineError) in MonotonicTime(nanoseconds: try from.integer()) },
      source: try text(), width: try integer(in: 0...(1 << 20)), height: try integer(in: 0...(1 << 20)),
      discontinuity: try integer(in: 0...Int.max), detectionShare: try double(),
      optionsVersion: try integer(in: 0...Int.max),
      dropped: try optional { from throws(PipelineError) in DropReason(rawValue: try from.text()) })
  }

  mutating func change() throws(PipelineError) -> HealthChange {
    let stream = try text(), state = try state()
    let health = StreamHealth(
      stream: stream, state: state, since: MonotonicTime(nanoseconds: try integer()),
      sinceWall: WallTime(nanoseconds: try integer()), attempt: try integer(in: 0...Int.max),
      lastError: try optional { from throws(PipelineError) in try from.text() })
    let previous = try optional { from throws(PipelineError) in try from.state() }
    let fault = try optional { from throws(PipelineError) -> HealthChange.Fault in
      guard let fault = HealthChange.Fault(rawValue: try from.text()) else { throw Self.damaged("an unknown word") }
      return fault
    }
    let seconds = try optional { from throws(PipelineError) in try from.double() }
    return HealthChange(health: health, previous: previous, fault: fault, faultSeconds: seconds)
  }

  mutating func healthRecord() throws(PipelineError) -> TraceRecord {
    let stream = try streamNumber(), change = try change()
    return .health(stream: stream, .init(health: change.health, change: try bool() ? change : nil))
  }

  mutating func fate() throws(PipelineError) -> FrameFate {
    switch try byte() {
    case 0: .delivered
    case 1: .dropped(stage: try text(), reason: DropReason(rawValue: try text()))
    case 2: .failed(stage: try text())
    default: throw Self.damaged("an unknown outcome")
    }
  }

  mutating func error() throws(PipelineError) -> PipelineError {
    let message = try text()
    let remedy = try optional { from throws(PipelineError) in try from.text() }
    let stage = try optional { from throws(PipelineError) in try from.text() }
    guard let consequence = ErrorConsequence(rawValue: try text()),
      let code = PipelineError.Code(rawValue: try text())
    else { throw Self.damaged("an unknown word") }
    return PipelineError(message, remedy: remedy, stage: stage, consequence: consequence, code: code)
  }

  private mutating func state() throws(PipelineError) -> StreamState {
    guard let state = StreamState(rawValue: try text()) else { throw Self.damaged("an unknown state") }
    return state
  }
}

/// What a trace may hold at most, so that a hostile one cannot ask for more.
enum TraceLimits {
  /// Streams of all sources over a run.
  static let streams = 65_536
}
