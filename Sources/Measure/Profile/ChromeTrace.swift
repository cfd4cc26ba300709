import EdgepipeCore
package import Pipeline

/// Writes a run as Trace Event Format, which ui.perfetto.dev and chrome://tracing open ("Trace Event Format", Google,
/// 2016): a track for each thread with a slice for each frame, an arrow along each frame's way, instants for lost
/// frames, and counters.
///
/// Events of a thread are in the order of time. Slices of a thread lie beside each other or within each other: others
/// are dropped by Perfetto. Since it reads some times as a nanosecond early, by way of floating-point numbers, a slice
/// ends a nanosecond before its time, and a flow event stands a little before the end of its slice.
package struct ChromeTrace {
  private let recording: SpanRecording
  private let timeline: [TimelineSample]
  private let name: String
  /// Stage ids in the order of the pipeline.
  private let stages: [String]
  private let flows: FrameFlows
  /// What time counts from.
  private let origin: MonotonicTime

  /// Passing on shorter than this is not worth a slice, in nanoseconds.
  private static let leastPassingOn: Int64 = 20_000
  /// All tracks belong to one process.
  private static let process = 1
  /// Of the track of lost frames; threads have the numbers after it.
  private static let lossTrack = 1
  private static let blockSize = 1 << 16

  /// - Parameter stages: the ids in the order of the pipeline.
  package init(pipeline name: String, stages: [String], recording: SpanRecording, timeline: [TimelineSample]) {
    self.name = name
    self.stages = stages
    // Threads beside those of the same stage.
    let order = Dictionary(stages.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var recording = recording
    recording.lanes.sort {
      (order[$0.stage] ?? .max, $0.thread) < (order[$1.stage] ?? .max, $1.thread)
    }
    for lane in recording.lanes.indices {
      // What lies within comes after what it lies in.
      recording.lanes[lane].spans.sort {
        ($0.start.nanoseconds, -$0.end.nanoseconds) < ($1.start.nanoseconds, -$1.end.nanoseconds)
      }
    }
    recording.losses.sort { $0.time < $1.time }
    self.recording = recording
    self.timeline = timeline
    flows = FrameFlows(recording.lanes)
    // Sources may begin a little before the run's own start.
    let first = recording.lanes.compactMap { $0.spans.first?.start } + [recording.start]
    origin = first.min() ?? recording.start
  }

  /// - Parameter put: takes the file's text piece by piece.
  package func write(_ put: (String) throws -> Void) throws {
    var text = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"producer\":\"edgepipe\",\"events_without_room\":"
    text += "\(recording.overflow)},\"traceEvents\":["
    var isFirst = true
    func add(_ event: String) throws {
      text += isFirst ? "\n" : ",\n"
      isFirst = false
      text += event
      if text.utf8.count >= Self.blockSize {
        try put(text)
        text = ""
      }
    }
    try addNames(add)
    for (lane, content) in recording.lanes.enumerated() { try addLane(lane, content, add) }
    try addLosses(add)
    try addCounters(add)
    try put(text + "\n]}\n")
  }

  private typealias Add = (String) throws -> Void

  // MARK: - Parts

  private func addNames(_ add: Add) throws {
    try add(meta("process_name", track: 0, "\"name\":\(Self.quoted("edgepipe: " + name))"))
    try addTrack(Self.lossTrack, "lost frames", add)
    for (lane, content) in recording.lanes.enumerated() {
      let name =
        content.thread == content.stage || content.thread.hasPrefix(content.stage + "#")
        ? content.thread : "\(content.stage): \(content.thread)"
      try addTrack(track(lane), name, add)
    }
  }

  private func addTrack(_ track: Int, _ name: String, _ add: Add) throws {
    try add(meta("thread_name", track: track, "\"name\":\(Self.quoted(name))"))
    try add(meta("thread_sort_index", track: track, "\"sort_index\":\(track)"))
  }

  private func addLane(_ lane: Int, _ content: SpanRecording.Lane, _ add: Add) throws {
    let place = "\"pid\":\(Self.process),\"tid\":\(track(lane))", name = Self.quoted(content.stage)
    // What of the last frame comes after the slices within it, and from when on nothing lies within it any more.
    var pending: [String] = [], end = origin
    for (index, span) in content.spans.enumerated() {
      if span.kind == .work || span.start >= end {
        for event in pending { try add(event) }
        pending = []
      }
      if span.kind == .pause {
        let times = extent(span.start, span.end)
        try add("{\"ph\":\"X\",\"name\":\"pause\",\"cat\":\"pause\",\(place),\(times)}")
        continue
      }
      let waited = milliseconds(span.start.nanoseconds(since: span.enqueued))
      try add(
        "{\"ph\":\"X\",\"name\":\(name),\"cat\":\"work\",\(place),\(extent(span.start, span.end)),\"args\":{\"stream\":"
          + "\(stream(span.stream)),\"frame\":\(span.sequence),\"queued_ms\":\(waited)}}")
      end = span.end
      if let mark = flows[lane, index] { pending.append(flow(mark, span, place)) }
      if span.released.nanoseconds(since: span.end) >= Self.leastPassingOn {
        pending.append(
          "{\"ph\":\"X\",\"name\":\"passes on\",\"cat\":\"wait\",\(place),\(extent(span.end, span.released)),"
            + "\"args\":{\"stream\":\(stream(span.stream)),\"frame\":\(span.sequence)}}")
      }
    }
    for event in pending { try add(event) }
  }

  /// An arrow's end binds to the slice that is open at its time: just before the end of the first, where nothing lies
  /// within any more, and so for all.
  private func flow(_ mark: FrameFlows.Mark, _ span: Span, _ place: String) -> String {
    let phase =
      switch mark.place {
      case .start: "\"ph\":\"s\""
      case .step: "\"ph\":\"t\""
      case .end: "\"ph\":\"f\",\"bp\":\"e\""
      }
    let time = max(span.start, span.end.advanced(byNanoseconds: -3))
    return "{\(phase),\"name\":\"frame\",\"cat\":\"frame\",\"id\":\(mark.flow),\(place),\"ts\":\(instant(time))}"
  }

  private func addLosses(_ add: Add) throws {
    for loss in recording.losses {
      try add(
        "{\"ph\":\"i\",\"s\":\"t\",\"name\":\(Self.quoted("\(loss.stage): \(loss.reason)")),\"cat\":\"loss\",\"pid\":"
          + "\(Self.process),\"tid\":\(Self.lossTrack),\"ts\":\(instant(loss.time)),\"args\":{\"stage\":"
          + "\(Self.quoted(loss.stage)),\"reason\":\(Self.quoted(loss.reason)),\"stream\":\(stream(loss.stream)),"
          + "\"frame\":\(loss.sequence)}}")
    }
  }

  private func addCounters(_ add: Add) throws {
    for sample in timeline {
      let time = instant(recording.start.advanced(byMilliseconds: sample.seconds * 1000))
      func counter(_ name: String, _ unit: String, _ value: Double) throws {
        try add(
          "{\"ph\":\"C\",\"name\":\(Self.quoted(name)),\"pid\":\(Self.process),\"ts\":\(time),\"args\":{\"\(unit)\":"
            + "\(value.isFinite ? "\(value)" : "0")}}")
      }
      for stage in stages {
        if let depth = sample.queueDepth[stage] { try counter("queue of \(stage)", "frames", Double(depth)) }
      }
      if let watts = sample.watts { try counter("power", "W", watts) }
      try counter("memory", "MB", sample.rssMB)
      try counter("lost frames", "frames", Double(sample.dropped.values.reduce(sample.failed, +)))
      try counter("delivered frames", "frames", Double(sample.delivered))
      try counter("detections", "things", Double(sample.detections))
    }
  }

  // MARK: - Values

  private func track(_ lane: Int) -> Int { Self.lossTrack + 1 + lane }

  private func meta(_ name: String, track: Int, _ arguments: String) -> String {
    "{\"ph\":\"M\",\"name\":\"\(name)\",\"pid\":\(Self.process),\"tid\":\(track),\"args\":{\(arguments)}}"
  }

  private func extent(_ start: MonotonicTime, _ end: MonotonicTime) -> String {
    "\"ts\":\(instant(start)),\"dur\":\(Self.microseconds(max(1, end.nanoseconds(since: start) - 1)))"
  }

  private func instant(_ time: MonotonicTime) -> String { Self.microseconds(max(0, time.nanoseconds(since: origin))) }

  private func milliseconds(_ nanoseconds: Int64) -> String {
    // A thousandth is enough here.
    Self.microseconds(max(0, nanoseconds) / 1000)
  }

  /// The format's unit, exact to the nanosecond: `1234.567`.
  private static func microseconds(_ nanoseconds: Int64) -> String {
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
    let digits = String(rest)
    return "\(whole)." + String(repeating: "0", count: 3 - digits.count) + digits
  }

  private func stream(_ number: Int) -> String { Self.quoted(recording.streams[number] ?? "\(number)") }

  private static func quoted(_ text: String) -> String {
    JSONNode(.string(text), origin: .file(line: 1, column: 1)).text()
  }
}
