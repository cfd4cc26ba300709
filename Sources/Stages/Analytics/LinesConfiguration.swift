import Detectors
import EdgepipeCore
public import Pipeline

extension LinesStage {
  public struct Configuration: StageConfiguration {
    /// One entry of `lines`; what is nil is as the stage has it.
    public struct Line: ConfigurationObject {
      public var name = ""
      public var points: [[Double]] = []
      public var units: String?
      public var anchor: String?
      public var labels: [String]?
      public var streams: [String]?
      public var directions: [String]?

      public init() {}

      public init(name: String, points: [[Double]]) {
        self.name = name
        self.points = points
      }

      public static let options: [ConfigurationOption<Self>] = [
        .init("name", \.name, .string, required: true, "Its name in events."),
        .init("points", \.points, ShapeSchema.points(count: 2...2), required: true, "Its two ends as [x, y]."),
        .init("units", \.units, .word(ShapeUnits.words), "As for the stage."),
        .init("anchor", \.anchor, .word(Anchor.words), "As for the stage."),
        .init("labels", \.labels, .list(.string, count: 1...1000), "As for the stage."),
        .init("streams", \.streams, .list(.string, count: 1...1000), "Only in these streams; all when absent."),
        .init("directions", \.directions, .list(.string, count: 2...2), "As for the stage."),
      ]
    }

    static let mostLines = 64

    public var lines: [Line] = []
    public var units = "pixels"
    public var anchor = "bottom"
    public var labels: [String]?
    public var directions = ["in", "out"]
    public var hysteresis = 0.01
    public var minGapS = 1.0
    public var goneS = 5.0

    public static let options: [ConfigurationOption<Self>] = [
      .init(
        "lines", \.lines, .list(.object(Line.schema), count: 1...mostLines), required: true, changeable: true,
        "Lines with `name` and `points`; for each `streams`, `units`, `anchor`, `labels`, `directions`."),
      .init(
        "units", \.units, .word(ShapeUnits.words), changeable: true,
        "Points in pixels of the source, or as shares of its width and height, 0 to 1."),
      .init(
        "anchor", \.anchor, .word(Anchor.words), changeable: true,
        "Which point of a box crosses: the middle of its lower edge, or its centre."),
      .init(
        "labels", \.labels, .list(.string, count: 1...1000), changeable: true,
        "Counts only these labels; all when absent."
      ),
      .init(
        "directions", \.directions, .list(.string, count: 2...2), changeable: true,
        "Names of the directions from left to right and from right to left, seen from the first end to the second."),
      .init(
        "hysteresis", \.hysteresis, .number(0...0.5), changeable: true,
        "Distance past the line that a track must reach, as a share of the picture's height."),
      .init(
        "minGapS", \.minGapS, .number(0...3600), changeable: true,
        "Minimum seconds between two counts of one track on one line."),
      .init(
        "goneS", \.goneS, .number(0...3600), changeable: true,
        "Seconds without a detection after which a track is forgotten."),
    ]

    public init() {}

    public init(lines: [Line]) { self.lines = lines }

    /// - Throws: `invalidConfiguration` for the first line that cannot be meant as it is written.
    func checkedLines(stage: String) throws(PipelineError) -> [LinesStage.Line] {
      var checked: [LinesStage.Line] = []
      for (index, line) in lines.enumerated() {
        let outline = try ShapeOutline(
          kind: "line", place: "lines[\(index)]", stage: stage, name: line.name, points: line.points,
          units: ShapeUnits(rawValue: line.units ?? units) ?? .pixels, count: 2...2)
        let names = line.directions ?? directions
        guard names.count == 2, names[0] != names[1],
          names.allSatisfy({ !$0.isEmpty && $0.count <= ShapeOutline.longestName })
        else {
          throw PipelineError(
            "'\(stage)': the line '\(outline.name)' has the directions \(names)",
            remedy: "choose two different short names, such as [\"in\", \"out\"]", code: .invalidConfiguration)
        }
        checked.append(
          LinesStage.Line(
            outline: outline, anchor: Anchor(rawValue: line.anchor ?? anchor) ?? .bottom,
            labels: (line.labels ?? labels).map(ClassName.spellings), streams: line.streams.map(Set.init),
            forward: names[0],
            backward: names[1]))
      }
      try ShapeOutline.checkNames(kind: "line", stage: stage, checked.map { ($0.outline.name, $0.streams) })
      return checked
    }
  }
}
