public import EdgepipeCore
public import Pipeline
import Synchronization

/// Tells who enters and leaves named areas of the picture, how long they stay, and how many are there.
///
/// Input: frames with detections that a tracker has numbered, in order; detections without `track` are not looked at,
/// predicted ones are. Output: the same frames with events (`zone.enter`, `zone.leave`, `zone.dwell`,
/// `zone.occupancy`, `zone.presence`) and the outlines for sinks that draw. Drops: nothing.
///
/// Trade-off: a longer `debounceS` keeps boxes that tremble on an outline from telling anything, and tells real visits
/// later; visits that are shorter are not reported. A longer `goneS` bridges longer gaps of the tracker, and tells later
/// that somebody is gone. A stream whose media time steps back, whose pictures change their size or whose camera began
/// anew starts anew: who was inside leaves with the reason `reset`, and its time begins again.
///
/// ```json
/// { "id": "zones", "type": "analytics.zones", "after": ["tracks"],
///   "config": { "units": "relative", "labels": ["person"],
///     "zones": [{ "name": "door", "points": [[0.4, 0.5], [0.6, 0.5], [0.6, 1], [0.4, 1]], "dwellS": 10 }] } }
/// ```
public final class ZonesStage: FrameStage, AdjustableStage {
  public static let type = "analytics.zones"
  public static let summary = "Reports tracks that enter, stay in and leave areas of the picture."
  public static let role = StageRole.transform

  /// Of more zones, which only changes of options can bring about, those that are gone are left out of the report.
  private static let mostReported = 1024

  /// One zone, ready for pictures of any size.
  struct Zone: Sendable {
    let outline: ShapeOutline
    let anchor: Anchor
    let labels: Set<String>?
    let streams: Set<String>?
    let rules: ZoneState.Rules
  }

  /// What workers use of the options.
  public struct Adjustment: Sendable {
    let zones: [Zone]
    /// The kinds of events that are added to frames.
    let reported: Set<String>
  }

  private struct Tally {
    var entries = 0
    var leaves = 0
    var inside = 0
    var maximum = 0
    /// Stays that a new start of the stream ended before their `dwellS`.
    var cutShort = 0
  }

  private let context: StageContext
  let initial: Adjustment
  private let tallies = Mutex<[String: Tally]>([:])
  private let outside: OutsideShapes
  public let interface: StageInterface

  public init(_ configuration: Configuration, context: StageContext) throws {
    self.context = context
    initial = try Self.adjustment(for: configuration, stage: context.id)
    outside = OutsideShapes(kind: "zone", logger: context.logger)
    interface = .analytics(
      "zone", labels: configuration.labels,
      shapes: configuration.zones.map { (name: $0.name, labels: $0.labels, streams: $0.streams) })
    note(initial.zones)
  }

  private static func adjustment(for configuration: Configuration, stage: String) throws(PipelineError) -> Adjustment {
    Adjustment(
      zones: try configuration.checkedZones(stage: stage), reported: Set(configuration.events.map { "zone." + $0 }))
  }

  /// A zone keeps who is in it when its name stays; who is in one that goes leaves with the reason `reset`.
  public func adjustment(for configuration: Configuration) throws -> Adjustment {
    let adjustment = try Self.adjustment(for: configuration, stage: context.id)
    note(adjustment.zones)
    return adjustment
  }

  /// The report has a zone from the start, also when nobody ever enters it.
  private func note(_ zones: [Zone]) {
    tallies.withLock { tallies in
      if tallies.count > Self.mostReported {
        let names = Set(zones.map(\.outline.name))
        tallies = tallies.filter { names.contains($0.key) }
      }
      for zone in zones where tallies[zone.outline.name] == nil { tallies[zone.outline.name] = Tally() }
    }
  }

  public func makeWorker(_ worker: WorkerContext) -> any FrameWorker { Worker(stage: self) }

  /// Over all streams: how often zones were entered and left, how many are still inside, and how many were inside at
  /// once in one stream.
  public var facts: [String: ReportValue] {
    let zones = tallies.withLock { $0 }.mapValues { tally in
      var values: [String: ReportValue] = [
        "entries": .int(tally.entries), "leaves": .int(tally.leaves), "inside": .int(tally.inside),
        "max_occupancy": .int(tally.maximum),
      ]
      if tally.cutShort > 0 { values["dwells_cut_short"] = .int(tally.cutShort) }
      return ReportValue.object(values)
    }
    var facts = ["zones": ReportValue.object(zones)]
    facts["outside"] = outside.fact
    return facts
  }

  /// A zone in the pixels of one stream.
  private struct Area {
    let zone: Zone
    let polygon: Polygon
    var state: ZoneState
  }

  private struct StreamState {
    /// Of the options that the areas are made from.
    var version: Int
    var areas: [Area]
    /// Made again when a number on it changes.
    var overlay: FrameOverlay?
  }

  private final class Worker: FrameWorker {
    let stage: ZonesStage
    var adjusted: AdjustedOptions<Adjustment>
    var streams = StreamTable<StreamState>()
    var sightings = Sightings()
    var changes: [ZoneState.Change] = []

    init(stage: ZonesStage) {
      self.stage = stage
      adjusted = AdjustedOptions(of: stage.context.id, initial: stage.initial)
    }

    func process(_ frame: Frame) -> FrameOutcome {
      var frame = frame
      let header = frame.header
      adjusted.follow(frame)
      sightings.read(frame)
      streams.update(header) {
        StreamState(version: adjusted.version, areas: areas(header))
      } restart: { state in
        for area in state.areas { end(area, &frame) }
        state = StreamState(version: adjusted.version, areas: areas(header))
      } body: { state in
        if state.version != adjusted.version { adjust(&state, &frame) }
        for index in state.areas.indices where examine(&state.areas[index], &frame) { state.overlay = nil }
        guard !state.areas.isEmpty else { return }
        let overlay = state.overlay ?? Self.overlay(state.areas)
        state.overlay = overlay
        frame.attach(overlay, for: FrameOverlay.key(of: stage.context.id))
      }
      return .emit(frame)
    }

    /// Goes over to the zones of other options.
    private func adjust(_ state: inout StreamState, _ frame: inout Frame) {
      var before = state.areas
      let areas = areas(frame.header).map { area in
        guard let index = before.firstIndex(where: { $0.zone.outline.name == area.zone.outline.name }) else {
          return area
        }
        var kept = Area(zone: area.zone, polygon: area.polygon, state: before.remove(at: index).state)
        kept.state.rules = area.zone.rules
        return kept
      }
      for area in before { end(area, &frame) }
      state = StreamState(version: adjusted.version, areas: areas)
    }

    /// Everybody who is in the zone leaves.
    private func end(_ area: Area, _ frame: inout Frame) {
      var area = area
      changes.removeAll(keepingCapacity: true)
      area.state.reset(changes: &changes)
      area.state.endFrame(at: frame.header.mediaTime, changes: &changes)
      noteCutStays(in: area, frame.header)
      report(area, &frame)
    }

    /// Returns whether anything has changed.
    private func examine(_ area: inout Area, _ frame: inout Frame) -> Bool {
      let header = frame.header
      changes.removeAll(keepingCapacity: true)
      for sighting in sightings.all {
        if let labels = area.zone.labels, !labels.contains(sighting.label) { continue }
        let place = area.zone.anchor.point(of: sighting.box, width: header.width, height: header.height)
        area.state.see(
          sighting.key, label: sighting.label, isInside: area.polygon.contains(place), at: header.mediaTime,
          changes: &changes)
      }
      area.state.endFrame(at: header.mediaTime, changes: &changes)
      guard !changes.isEmpty else { return false }
      report(area, &frame)
      return true
    }

    /// A camera that restarts again and again keeps everything from its `dwellS` for as long as it does so.
    private func noteCutStays(in area: Area, _ header: FrameHeader) {
      guard let needed = area.zone.rules.dwell else { return }
      let cut = changes.count { change in
        if case .leave(_, _, let dwell, .reset) = change { dwell < needed } else { false }
      }
      guard cut > 0 else { return }
      let name = area.zone.outline.name
      let isFirst = stage.tallies.withLock { tallies in
        let known = tallies[name]?.cutShort ?? 0
        tallies[name]?.cutShort = known + cut
        return known == 0
      }
      guard isFirst else { return }
      stage.context.logger.warning(
        """
        the stream '\(header.stream.id)' has restarted: stays in the zone '\(name)' are timed from zero again, and \
        'dwellS' is reached only after \(Double(needed) / 1e9) s without a restart
        """
      )
    }

    private func report(_ area: Area, _ frame: inout Frame) {
      let name = area.zone.outline.name
      for change in changes {
        let event = event(change, zone: name)
        if adjusted.value.reported.contains(event.kind) { frame.add(event) }
      }
      let occupancy = area.state.occupancy
      stage.tallies.withLock { tallies in
        // A zone that is gone from the report.
        guard var tally = tallies[name] else { return }
        for change in changes {
          switch change {
          case .enter: (tally.entries, tally.inside) = (tally.entries + 1, tally.inside + 1)
          case .leave: (tally.leaves, tally.inside) = (tally.leaves + 1, tally.inside - 1)
          default: break
          }
        }
        tally.maximum = max(tally.maximum, occupancy)
        tallies[name] = tally
      }
    }

    private func event(_ change: ZoneState.Change, zone: String) -> FrameEvent {
      let zone = FrameEvent.Field("zone", .string(zone))
      func about(_ kind: String, _ key: TrackKey, _ label: String, _ fields: [FrameEvent.Field]) -> FrameEvent {
        FrameEvent(
          stage: stage.context.id, kind: kind, label: label, track: key.track,
          fields: [zone, .init("found_by", .string(sightings.name(of: key)))] + fields)
      }
      func seconds(_ nanoseconds: Int64) -> FrameEvent.Field { .init("dwell_s", .double(Double(nanoseconds) / 1e9)) }
      return switch change {
      case .enter(let key, let label): about("zone.enter", key, label, [])
      case .leave(let key, let label, let dwell, let reason):
        about("zone.leave", key, label, [seconds(dwell), .init("reason", .string(reason.rawValue))])
      case .dwell(let key, let label, let dwell): about("zone.dwell", key, label, [seconds(dwell)])
      case .occupancy(let count):
        FrameEvent(stage: stage.context.id, kind: "zone.occupancy", fields: [zone, .init("count", .int(count))])
      case .presence(let isOccupied):
        FrameEvent(
          stage: stage.context.id, kind: "zone.presence", fields: [zone, .init("occupied", .bool(isOccupied))])
      }
    }

    /// The zones of a stream, in its pixels.
    private func areas(_ header: FrameHeader) -> [Area] {
      let zones = adjusted.value.zones.filter { $0.streams?.contains(header.stream.id) ?? true }
      return zones.map { zone in
        let polygon = Polygon(zone.outline.vertices(width: header.width, height: header.height))
        if !PictureReach(width: header.width, height: header.height).isReached(polygon) {
          stage.outside.warn(zone.outline.name, header, consequence: "nothing can enter it")
        }
        return Area(zone: zone, polygon: polygon, state: ZoneState(rules: zone.rules))
      }
    }

    private static func overlay(_ areas: [Area]) -> FrameOverlay {
      FrameOverlay(
        areas.map { area in
          FrameOverlay.Shape(
            vertices: area.polygon.vertices, text: "\(area.zone.outline.name) \(area.state.occupancy)",
            isActive: area.state.occupancy > 0)
        })
    }
  }
}
