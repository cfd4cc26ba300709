import EdgepipeCore
public import Pipeline

extension AnonymizeStage {
  public struct Configuration: StageConfiguration {
    /// One entry of `areas`; what is nil is as the stage has it.
    public struct Area: ConfigurationObject {
      public var name = ""
      public var points: [[Double]] = []
      public var units: String?
      public var streams: [String]?

      public init() {}

      public init(name: String, points: [[Double]], units: String? = nil) {
        (self.name, self.points, self.units) = (name, points, units)
      }

      public static let options: [ConfigurationOption<Self>] = [
        .init("name", \.name, .string, required: true, "Its name in messages."),
        .init(
          "points", \.points, ShapeSchema.points(count: 3...ShapeOutline.mostPoints), required: true,
          "Corners as [x, y]."),
        .init("units", \.units, .word(ShapeUnits.words), "As for the stage."),
        .init("streams", \.streams, .list(.string, count: 1...1000), "Only in these streams; all when absent."),
      ]
    }

    static let mostAreas = 64

    public var classes = ["face"]
    public var heads = false
    public var areas: [Area] = []
    public var units = "pixels"
    public var method = HidingMethod.fill.rawValue
    public var margin = 0.5
    public var delayFrames = 3
    public var holdFrames = 25

    public static let options: [ConfigurationOption<Self>] = [
      .init("classes", \.classes, .list(.string, count: 0...1000), "Labels of the detections that are hidden."),
      .init(
        "heads", \.heads, .bool,
        "Also hides the upper part of each person in whom no face is found."),
      .init(
        "areas", \.areas, .list(.object(Area.schema), count: 0...mostAreas),
        "Areas that are always hidden, with `name` and `points`; for each `streams`, `units`."),
      .init(
        "units", \.units, .word(ShapeUnits.words),
        "Points in pixels of the source, or as shares of its width and height, 0 to 1."),
      .init(
        "method", \.method, .word(HidingMethod.allCases.map(\.rawValue)),
        "Fills with one colour, or makes at most 8 blocks across, or blurs, which is weaker."),
      .init("margin", \.margin, .number(0...2), "Added to a box on each side, as a share of its width and height."),
      .init(
        "delayFrames", \.delayFrames, .integer(0...60),
        "Frames before one with a find in which it is hidden as well; as many are kept back."),
      .init(
        "holdFrames", \.holdFrames, .integer(0...1000), "Frames after one with a find in which it is hidden as well."),
    ]

    public init() {}

    var rules: SubjectBook.Rules {
      SubjectBook.Rules(hold: holdFrames, delay: delayFrames, margin: Float(margin))
    }

    /// - Throws: `invalidConfiguration` for the first area that cannot be meant as it is written.
    func checkedAreas(stage: String) throws(PipelineError) -> [HiddenArea] {
      var checked: [HiddenArea] = []
      for (index, area) in areas.enumerated() {
        let outline = try ShapeOutline(
          kind: "area", place: "areas[\(index)]", stage: stage, name: area.name, points: area.points,
          units: ShapeUnits(rawValue: area.units ?? units) ?? .pixels, count: 3...ShapeOutline.mostPoints)
        checked.append(HiddenArea(outline: outline, streams: area.streams.map(Set.init)))
      }
      try ShapeOutline.checkNames(kind: "area", stage: stage, checked.map { ($0.outline.name, $0.streams) })
      return checked
    }
  }
}

/// A part of the picture that is always hidden.
struct HiddenArea: Sendable {
  let outline: ShapeOutline
  /// Nil: all.
  let streams: Set<String>?
}
