package import EdgepipeCore

/// A recorded run, read and checked, ready to be run again.
///
/// The pictures' packets stay in the file; what is kept in memory is the order of things, some 100 bytes for each frame
/// and stage. May be used from any thread.
public final class Trace: Sendable {
  /// What a recorded run did in one stage.
  struct StageScript: Sendable {
    enum Step: Sendable {
      case frame(FrameKey)
      /// An index into ``notices``.
      case notice(Int)
    }

    enum Fate: Sendable {
      case taken
      case lost(DropReason, afterTaking: Bool)
    }

    /// What was taken out of the queue and worked on, in order.
    var steps: [Step] = []
    var notices: [HealthChange] = []
    var fates: [FrameKey: Fate] = [:]
    var instants: [FrameKey: MonotonicTime] = [:]

    mutating func append(_ notice: HealthChange) {
      steps.append(.notice(notices.count))
      notices.append(notice)
    }
  }

  package let manifest: TraceManifest
  /// Why the trace ends before its run did, or nil when it is whole.
  package let gap: String?
  let streams: [StreamInfo]
  let stages: [Int: StageScript]
  /// The changes of options, in their order.
  let options: [TraceRecord.Options]
  /// Where each stream's records begin.
  private let offsets: [[Int]]
  /// The most frames of each stream that were in flight at once.
  private let inFlight: [Int]
  private let closed: [FrameKey: TraceRecord.Closing]
  let facts: [UInt8]?
  /// The recorded run was ended by an error, which will come again at its place.
  let runFailed: Bool
  private let numbers: [ObjectIdentifier: Int]
  private let file: TraceFile

  /// Reads a whole trace and checks it. An end that is missing, as after a crash, is tolerated and told by ``gap``.
  ///
  /// - Throws: ``PipelineError``: `notFound` when the file cannot be read, `malformed` when it is no trace, of another
  ///   version, or damaged.
  package init(file path: String) throws(PipelineError) {
    file = try TraceFile(path: path)
    var loader = TraceLoader(file)
    try loader.load()
    guard let manifest = loader.manifest else {
      throw PipelineError("the trace '\(path)' is empty", remedy: "record again", code: .malformed)
    }
    self.manifest = manifest
    gap = loader.gap
    streams = loader.streams.map(\.info)
    stages = loader.stages
    options = loader.options
    offsets = loader.streams.map(\.offsets)
    inFlight = loader.streams.map(\.mostInFlight)
    closed = loader.closed
    facts = loader.facts
    runFailed = loader.runFailed
    numbers = Dictionary(
      zip(streams.map { ObjectIdentifier($0) }, streams.indices), uniquingKeysWith: { first, _ in first })
  }

  var isWhole: Bool { gap == nil }

  func number(of stream: StreamInfo) -> Int? { numbers[ObjectIdentifier(stream)] }
  func mostInFlight(_ stream: StreamInfo) -> Int { number(of: stream).map { inFlight[$0] } ?? 0 }
  func closing(_ key: FrameKey) -> TraceRecord.Closing? { closed[key] }

  func instant(stage: Int, _ header: FrameHeader) -> MonotonicTime? {
    number(of: header.stream).flatMap { stages[stage]?.instants[FrameKey(stream: $0, sequence: header.sequence)] }
  }

  /// Calls `body` with the records of one stream's source, in order, until it returns false.
  func replay(
    stream: Int, _ body: (TraceRecord) throws(PipelineError) -> Bool
  ) throws(PipelineError) {
    for offset in offsets[stream] {
      // The file may have changed since it was checked.
      guard let entry = try file.entry(at: offset) else { throw file.damaged(offset, "it has changed") }
      guard try body(TraceRecord(entry.kind, entry.payload)) else { return }
    }
  }
}

/// The facts by which a trace knows whether another run may give other results.
enum TraceFacts {
  static let kept = ["engine", "model", "sha256", "precision"]

  static func json(_ stages: [(id: String, facts: [String: ReportValue])]) -> [UInt8] {
    let relevant = stages.compactMap { stage -> (String, ReportValue)? in
      let facts = stage.facts.filter { kept.contains($0.key) }
      return facts.isEmpty ? nil : (stage.id, .object(facts))
    }
    let root = ReportValue.object(Dictionary(relevant, uniquingKeysWith: { first, _ in first }))
    return Array(((try? root.json()) ?? "{}").utf8)
  }
}
