public import EdgepipeCore
public import Pipeline
import Synchronization

/// Counts what crosses named lines in the picture, by direction and class.
///
/// Input: frames with detections that a tracker has numbered, in order; detections without `track` are not looked at,
/// predicted ones are. Output: the same frames with a `line.cross` event for each count, which carries the totals of
/// its stream, and the lines for sinks that draw. Drops: nothing.
///
/// Trade-off: a larger `hysteresis` and `minGapS` keep boxes that tremble on a line from counting twice; things that
/// turn round nearer to the line, or that are lost there, are not counted. A stream whose media time steps back or whose
/// pictures change their size forgets its tracks and keeps its totals.
///
/// ```json
/// { "id": "lines", "type": "analytics.lines", "after": ["tracks"],
///   "config": { "units": "relative",
///     "lines": [{ "name": "gate", "points": [[0.5, 1], [0.5, 0]], "directions": ["right", "left"] }] } }
/// ```
public final class LinesStage: FrameStage, AdjustableStage {
  public static let type = "analytics.lines"
  public static let summary = "Counts tracks that cross lines in the picture, by direction and class."
  public static let role = StageRole.transform

  /// Of more lines, which only changes of options can bring about, those that are gone are left out of the report.
  private static let mostReported = 1024

  /// One line, ready for pictures of any size.
  struct Line: Sendable {
    let outline: ShapeOutline
    let anchor: Anchor
    let labels: Set<String>?
    let streams: Set<String>?
    /// The names of the ways from left to right and from right to left.
    let forward: String
    let backward: String
  }

  /// What workers use of the options.
  public struct Adjustment: Sendable {
    let lines: [Line]
    /// A share of the picture's height.
    let hysteresis: Double
    /// In nanoseconds of media time.
    let gap: Int64
    let gone: Int64
  }

  /// Lines of one name lie in different streams.
  private struct Key: Hashable {
    let name: String
    let streams: Set<String>?

    init(_ line: Line) { (name, streams) = (line.outline.name, line.streams) }
  }

  fileprivate struct Count {
    var forward = 0
    var backward = 0

    mutating func add(_ direction: LineCounter.Direction) {
      if direction == .forward { forward += 1 } else { backward += 1 }
    }

    func value(_ line: Line) -> ReportValue {
      .object([line.forward: .int(forward), line.backward: .int(backward)])
    }
  }

  fileprivate struct Totals {
    var all = Count()
    var labels: [String: Count] = [:]

    mutating func add(_ direction: LineCounter.Direction, _ label: String) {
      all.add(direction)
      labels[label, default: Count()].add(direction)
    }
  }

  private let context: StageContext
  let initial: Adjustment
  private let totals = Mutex<[Key: (line: Line, totals: Totals)]>([:])
  private let outside: OutsideShapes
  public let interface: StageInterface

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.context = context
    initial = try Self.adjustment(for: configuration, stage: context.id)
    outside = OutsideShapes(kind: "line", logger: context.logger)
    interface = .analytics(
      "line", labels: configuration.labels,
      shapes: configuration.lines.map { (name: $0.name, labels: $0.labels, streams: $0.streams) })
    note(initial.lines)
  }

  private static func adjustment(for configuration: Configuration, stage: String) throws(PipelineError) -> Adjustment {
    Adjustment(
      lines: try configuration.checkedLines(stage: stage), hysteresis: configuration.hysteresis,
      gap: MediaTime(seconds: configuration.minGapS).nanoseconds,
      gone: MediaTime(seconds: configuration.goneS).nanoseconds)
  }

  /// A line keeps its totals when its name stays; where its points have changed, tracks begin anew on its sides.
  public func adjustment(for configuration: Configuration) throws -> Adjustment {
    let adjustment = try Self.adjustment(for: configuration, stage: context.id)
    note(adjustment.lines)
    return adjustment
  }

  /// The report has a line from the start, also when nothing ever crosses it.
  private func note(_ lines: [Line]) {
    totals.withLock { known in
      if known.count > Self.mostReported {
        let keys = Set(lines.map(Key.init))
        known = known.filter { keys.contains($0.key) }
      }
      for line in lines { known[Key(line)] = (line, known[Key(line)]?.totals ?? Totals()) }
    }
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  /// Over all streams: the counts of each line by direction, of everything and of each class.
  public var facts: [String: ReportValue] {
    var counts: [String: ReportValue] = [:]
    let known = totals.withLock { $0 }
    for (line, total) in known.values {
      let value = ReportValue.object([
        "totals": total.all.value(line), "by_label": .object(total.labels.mapValues { $0.value(line) }),
      ])
      let isShared = known.keys.count { $0.name == line.outline.name } > 1
      let streams = (line.streams ?? []).sorted().joined(separator: ",")
      counts[isShared ? "\(line.outline.name) (\(streams))" : line.outline.name] = value
    }
    var facts = ["lines": ReportValue.object(counts)]
    facts["outside"] = outside.fact
    return facts
  }

  /// A line in the pixels of one stream.
  fileprivate struct Gate {
    let line: Line
    var counter: LineCounter
    var totals = Totals()
  }

  private struct StreamState {
    /// Of the options that the gates are made from.
    var version: Int
    var gates: [Gate]
    /// Made again when a number on it changes.
    var overlay: FrameOverlay?
  }

  private final class Worker: FrameWorker {
    let stage: LinesStage
    var adjusted: AdjustedOptions<Adjustment>
    var streams = StreamTable<StreamState>()
    var sightings = Sightings()

    init(stage: LinesStage) {
      self.stage = stage
      adjusted = AdjustedOptions(of: stage.context.id, initial: stage.initial)
    }

    func process(_ frame: Frame) -> FrameOutcome {
      var frame = frame
      let header = frame.header
      adjusted.follow(frame)
      sightings.read(frame)
      streams.update(header) {
        StreamState(version: adjusted.version, gates: gates(header))
      } restart: { state in
        let before = state.gates
        state = StreamState(version: adjusted.version, gates: gates(header))
        state.gates.takeTotals(of: before)
      } body: { state in
        if state.version != adjusted.version { adjust(&state, header) }
        for index in state.gates.indices where examine(&state.gates[index], &frame) { state.overlay = nil }
        guard !state.gates.isEmpty else { return }
        let overlay = state.overlay ?? self.overlay(state.gates)
        state.overlay = overlay
        frame.attach(overlay, for: FrameOverlay.key(of: stage.context.id))
      }
      return .emit(frame)
    }

    /// Goes over to the lines of other options.
    private func adjust(_ state: inout StreamState, _ header: FrameHeader) {
      let before = state.gates
      state = StreamState(version: adjusted.version, gates: gates(header))
      state.gates.takeTotals(of: before)
      for index in state.gates.indices {
        let gate = state.gates[index]
        // Which side a track was on says nothing of another line, nor of another point of its box.
        guard
          let known = before.first(where: {
            $0.line.outline == gate.line.outline && $0.line.anchor == gate.line.anchor
          })
        else { continue }
        state.gates[index].counter = known.counter
        state.gates[index].counter.rules = gate.counter.rules
      }
    }

    /// Returns whether anything was counted.
    private func examine(_ gate: inout Gate, _ frame: inout Frame) -> Bool {
      let line = gate.line, header = frame.header
      var hasCounted = false
      for sighting in sightings.all {
        if let labels = line.labels, !labels.contains(sighting.label) { continue }
        let place = line.anchor.point(of: sighting.box, width: header.width, height: header.height)
        guard let direction = gate.counter.see(sighting.key, at: place, header.mediaTime) else { continue }
        hasCounted = true
        gate.totals.add(direction, sighting.label)
        stage.totals.withLock { $0[Key(line)]?.totals.add(direction, sighting.label) }
        let ofLabel = gate.totals.labels[sighting.label] ?? Count()
        frame.add(
          FrameEvent(
            stage: stage.context.id, kind: "line.cross", label: sighting.label, track: sighting.key.track,
            fields: [
              .init("line", .string(line.outline.name)), .init("found_by", .string(sightings.name(of: sighting.key))),
              .init("direction", .string(direction == .forward ? line.forward : line.backward)),
              .init("totals", gate.totals.all.value(line)), .init("label_totals", ofLabel.value(line)),
            ]))
      }
      gate.counter.endFrame(at: header.mediaTime)
      return hasCounted
    }

    /// The lines of a stream, in its pixels.
    private func gates(_ header: FrameHeader) -> [Gate] {
      let options = adjusted.value
      let rules = LineCounter.Rules(
        hysteresis: options.hysteresis * Double(header.height), gap: options.gap, gone: options.gone)
      var gates: [Gate] = []
      for line in options.lines where line.streams?.contains(header.stream.id) ?? true {
        let ends = line.outline.vertices(width: header.width, height: header.height)
        guard ends.count == 2 else { continue }
        let directed = DirectedLine(from: ends[0], to: ends[1])
        if !PictureReach(width: header.width, height: header.height).isCrossable(directed, hysteresis: rules.hysteresis)
        {
          stage.outside.warn(line.outline.name, header, consequence: "nothing can cross it")
        }
        gates.append(Gate(line: line, counter: LineCounter(line: directed, rules: rules)))
      }
      return gates
    }

    private func overlay(_ gates: [Gate]) -> FrameOverlay {
      FrameOverlay(
        gates.map { gate in
          let line = gate.line, count = gate.totals.all
          return FrameOverlay.Shape(
            vertices: [gate.counter.line.from, gate.counter.line.to],
            text: "\(line.outline.name) \(line.forward) \(count.forward) \(line.backward) \(count.backward)",
            isActive: false)
        })
    }
  }
}

extension [LinesStage.Gate] {
  /// A line goes on counting from what it had, by its name.
  fileprivate mutating func takeTotals(of before: [LinesStage.Gate]) {
    for index in indices {
      let name = self[index].line.outline.name
      if let known = before.first(where: { $0.line.outline.name == name }) { self[index].totals = known.totals }
    }
  }
}
