import EdgepipeCore

/// The outline of a line through points, as the `d` attribute of an SVG path.
struct LinePath {
  /// A point in the units of the drawing; without a height the line is interrupted.
  struct Point: Equatable {
    let x: Double
    let y: Double?
  }

  /// How the line goes from one point to the next one.
  enum Shape {
    case straight
    /// A point's height holds since the point before it, the first one's since `from`.
    case steps(from: Double)
  }

  /// The line itself.
  let line: String
  /// What is between the line and the height `base`.
  let area: String

  init(_ points: [Point], shape: Shape, base: Double) {
    var line = ""
    var area = ""
    for run in Self.runs(points, shape) {
      guard let first = run.first, let last = run.last else { continue }
      let path = Self.path(run)
      line += path
      area += path + "V\(Figure.coordinate(base))H\(Figure.coordinate(first.x))Z"
      // A line without extent shows as a dot of the pen's width.
      if first.x == last.x, run.count == 1 { line += "h0" }
    }
    self.line = line
    self.area = area
  }

  /// Corners of each uninterrupted piece of the line.
  private static func runs(_ points: [Point], _ shape: Shape) -> [[(x: Double, y: Double)]] {
    var runs: [[(x: Double, y: Double)]] = [[]]
    var before: Double? = if case .steps(let from) = shape { from } else { nil }
    for point in points where point.x.isFinite {
      if let y = point.y, y.isFinite {
        if let before { runs[runs.count - 1].append((before, y)) }
        runs[runs.count - 1].append((point.x, y))
      } else if !runs[runs.count - 1].isEmpty {
        runs.append([])
      }
      if before != nil { before = point.x }
    }
    return runs.filter { !$0.isEmpty }
  }

  /// Corners as they are after rounding; those in the middle of a level stretch are left out.
  private static func path(_ corners: [(x: Double, y: Double)]) -> String {
    let rounded = corners.map { (x: Figure.coordinate($0.x), y: Figure.coordinate($0.y)) }
    var text = "M\(rounded[0].x) \(rounded[0].y)"
    for index in rounded.indices.dropFirst() {
      let before = rounded[index - 1]
      let here = rounded[index]
      if here.y == before.y {
        let isLast = index == rounded.count - 1 || rounded[index + 1].y != here.y
        if isLast, here.x != before.x || index > 1 && rounded[index - 2].y == here.y { text += "H\(here.x)" }
      } else {
        text += here.x == before.x ? "V\(here.y)" : "L\(here.x) \(here.y)"
      }
    }
    return text
  }
}
