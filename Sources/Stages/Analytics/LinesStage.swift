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
public final class LinesStage: FrameStage {
  public static let type = "analytics.lines"
  public static let summary = "Counts tracks that cross lines in the picture, by direction and class."
  public static let role = StageRole.transform

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

  private struct Count {
    var forward = 0
    var backward = 0

    mutating func add(_ direction: LineCounter.Direction) {
      if direction == .forward { forward += 1 } else { backward += 1 }
    }

    func value(_ line: Line) -> ReportValue {
      .object([line.forward: .int(forward), line.backward: .int(backward)])
    }
  }

  private struct Totals {
    var all = Count()
    var labels: [String: Count] = [:]

    mutating func add(_ direction: LineCounter.Direction, _ label: String) {
      all.add(direction)
      labels[label, default: Count()].add(direction)
    }
  }

  private let context: StageContext
  private let configuration: Configuration
  private let lines: [Line]
  /// In the order of `lines`.
  private let totals: Mutex<[Totals]>
  private let outside: OutsideShapes
  public let interface: StageInterface

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.context = context
    self.configuration = configuration
    lines = try configuration.checkedLines(stage: context.id)
    outside = OutsideShapes(kind: "line", logger: context.logger)
    interface = .analytics(
      "line", labels: configuration.labels,
      shapes: configuration.lines.map { (name: $0.name, labels: $0.labels, streams: $0.streams) })
    totals = Mutex(Array(repeating: Totals(), count: lines.count))
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  /// Over all streams: the counts of each line by direction, of everything and of each class.
  public var facts: [String: ReportValue] {
    var counts: [String: ReportValue] = [:]
    for (line, total) in zip(lines, totals.withLock { $0 }) {
      let value = ReportValue.object([
        "totals": total.all.value(line), "by_label": .object(total.labels.mapValues { $0.value(line) }),
      ])
      // Lines of one name lie in different streams.
      let isShared = lines.count { $0.outline.name == line.outline.name } > 1
      let streams = (line.streams ?? []).sorted().joined(separator: ",")
      counts[isShared ? "\(line.outline.name) (\(streams))" : line.outline.name] = value
    }
    var facts = ["lines": ReportValue.object(counts)]
    facts["outside"] = outside.fact
    return facts
  }

  /// A line in the pixels of one stream.
  private struct Gate {
    /// In the stage's list.
    let index: Int
    var counter: LineCounter
    var totals = Totals()
  }

  private struct StreamState {
    var gates: [Gate]
    /// Made again when a number on it changes.
    var overlay: FrameOverlay?
  }

  private final class Worker: FrameWorker {
    let stage: LinesStage
    var streams = StreamTable<StreamState>()
    var sightings = Sightings()

    init(stage: LinesStage) { self.stage = stage }

    func process(_ frame: Frame) -> FrameOutcome {
      var frame = frame
      let header = frame.header
      sightings.read(frame)
      streams.update(header) {
        StreamState(gates: gates(header))
      } restart: { state in
        let totals = state.gates.map(\.totals)
        state = StreamState(gates: gates(header))
        for index in state.gates.indices { state.gates[index].totals = totals[index] }
      } body: { state in
        for index in state.gates.indices where examine(&state.gates[index], &frame) { state.overlay = nil }
        guard !state.gates.isEmpty else { return }
        let overlay = state.overlay ?? self.overlay(state.gates)
        state.overlay = overlay
        frame.attach(overlay, for: FrameOverlay.key(of: stage.context.id))
      }
      return .emit(frame)
    }

    /// Returns whether anything was counted.
    private func examine(_ gate: inout Gate, _ frame: inout Frame) -> Bool {
      let line = stage.lines[gate.index], header = frame.header
      var hasCounted = false
      for sighting in sightings.all {
        if let labels = line.labels, !labels.contains(sighting.label) { continue }
        let place = line.anchor.point(of: sighting.box, width: header.width, height: header.height)
        guard let direction = gate.counter.see(sighting.key, at: place, header.mediaTime) else { continue }
        hasCounted = true
        gate.totals.add(direction, sighting.label)
        stage.totals.withLock { $0[gate.index].add(direction, sighting.label) }
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
      let configuration = stage.configuration
      let rules = LineCounter.Rules(
        hysteresis: configuration.hysteresis * Double(header.height),
        gap: MediaTime(seconds: configuration.minGapS).nanoseconds,
        gone: MediaTime(seconds: configuration.goneS).nanoseconds)
      var gates: [Gate] = []
      for (index, line) in stage.lines.enumerated() where line.streams?.contains(header.stream.id) ?? true {
        let ends = line.outline.vertices(width: header.width, height: header.height)
        guard ends.count == 2 else { continue }
        let directed = DirectedLine(from: ends[0], to: ends[1])
        if !PictureReach(width: header.width, height: header.height).isCrossable(directed, hysteresis: rules.hysteresis)
        {
          stage.outside.warn(line.outline.name, header, consequence: "nothing can cross it")
        }
        gates.append(Gate(index: index, counter: LineCounter(line: directed, rules: rules)))
      }
      return gates
    }

    private func overlay(_ gates: [Gate]) -> FrameOverlay {
      FrameOverlay(
        gates.map { gate in
          let line = stage.lines[gate.index], count = gate.totals.all
          return FrameOverlay.Shape(
            vertices: [gate.counter.line.from, gate.counter.line.to],
            text: "\(line.outline.name) \(line.forward) \(count.forward) \(line.backward) \(count.backward)",
            isActive: false)
        })
    }
  }
}
