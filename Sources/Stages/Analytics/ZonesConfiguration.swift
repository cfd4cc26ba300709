import Detectors
import EdgepipeCore
public import Pipeline

extension ZonesStage {
  public struct Configuration: StageConfiguration {
    /// One entry of `zones`; what is nil is as the stage has it.
    public struct Zone: ConfigurationObject {
      public var name = ""
      public var points: [[Double]] = []
      public var units: String?
      public var anchor: String?
      public var labels: [String]?
      public var streams: [String]?
      public var dwellS: Double?

      public init() {}

      public init(name: String, points: [[Double]]) {
        self.name = name
        self.points = points
      }

      public static let options: [ConfigurationOption<Self>] = [
        .init("name", \.name, .string, required: true, "Its name in events."),
        .init(
          "points", \.points, ShapeSchema.points(count: 3...ShapeOutline.mostPoints), required: true,
          "Corners as [x, y]."),
        .init("units", \.units, .word(ShapeUnits.words), "As for the stage."),
        .init("anchor", \.anchor, .word(Anchor.words), "As for the stage."),
        .init("labels", \.labels, .list(.string, count: 1...1000), "As for the stage."),
        .init("streams", \.streams, .list(.string, count: 1...1000), "Only in these streams; all when absent."),
        .init("dwellS", \.dwellS, .number(0.01...ShapeSchema.longestS), "As for the stage."),
      ]
    }

    public static let eventWords = ["enter", "leave", "dwell", "occupancy", "presence"]
    static let mostZones = 64

    public var zones: [Zone] = []
    public var units = "pixels"
    public var anchor = "bottom"
    public var labels: [String]?
    public var debounceS = 0.3
    public var debounceFrames = 1
    public var goneS = 1.0
    public var dwellS: Double?
    public var events = eventWords

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "zones", \.zones, .list(.object(Zone.schema), count: 1...mostZones), required: true, changeable: true,
        "Areas with `name` and `points`; for each `streams`, `units`, `anchor`, `labels`, `dwellS`."),
      .init(
        "units", \.units, .word(ShapeUnits.words), changeable: true,
        "Points in pixels of the source, or as shares of its width and height, 0 to 1."),
      .init(
        "anchor", \.anchor, .word(Anchor.words), changeable: true,
        "Which point of a box must be inside: the middle of its lower edge, or its centre."),
      .init(
        "labels", \.labels, .list(.string, count: 1...1000), changeable: true,
        "Only these labels; all when absent."),
      .init(
        "debounceS", \.debounceS, .number(0...60), changeable: true,
        "Seconds for which a track must be inside, or outside, before it is reported."),
      .init(
        "debounceFrames", \.debounceFrames, .integer(1...1000), changeable: true,
        "Consecutive frames that must agree as well."),
      .init(
        "goneS", \.goneS, .number(0...3600), changeable: true,
        "Seconds without a detection after which a track has left."),
      .init(
        "dwellS", \.dwellS, .number(0.01...ShapeSchema.longestS), changeable: true,
        "Reports once that a track has been inside for this many seconds."),
      .init(
        "events", \.events, .list(.word(eventWords), count: 1...5), changeable: true,
        "The events to report."),
    ]

    public init() {}

    public init(zones: [Zone]) { self.zones = zones }

    /// - Throws: `invalidConfiguration` for the first zone that cannot be meant as it is written.
    func checkedZones(stage: String) throws(PipelineError) -> [ZonesStage.Zone] {
      var checked: [ZonesStage.Zone] = []
      for (index, zone) in zones.enumerated() {
        let outline = try ShapeOutline(
          kind: "zone", place: "zones[\(index)]", stage: stage, name: zone.name, points: zone.points,
          units: ShapeUnits(rawValue: zone.units ?? units) ?? .pixels, count: 3...ShapeOutline.mostPoints)
        checked.append(
          ZonesStage.Zone(
            outline: outline, anchor: Anchor(rawValue: zone.anchor ?? anchor) ?? .bottom,
            labels: (zone.labels ?? labels).map(ClassName.spellings), streams: zone.streams.map(Set.init),
            rules: ZoneState.Rules(
              debounce: MediaTime(seconds: debounceS).nanoseconds, debounceFrames: debounceFrames,
              gone: MediaTime(seconds: goneS).nanoseconds,
              dwell: (zone.dwellS ?? dwellS).map { MediaTime(seconds: $0).nanoseconds })))
      }
      try ShapeOutline.checkNames(kind: "zone", stage: stage, checked.map { ($0.outline.name, $0.streams) })
      return checked
    }
  }
}

/// What the schemas of zones and lines have in common.
enum ShapeSchema {
  /// A week.
  static let longestS = 604_800.0

  static func points(count: ClosedRange<Int>) -> ObjectSchema.ValueKind {
    .list(.list(.number(-ShapeOutline.largestPixel...ShapeOutline.largestPixel), count: 2...2), count: count)
  }
}
