import EdgepipeCore

/// Values over a horizontal axis, as lines.
///
/// One line is filled down to the axis; several are labelled at their ends.
struct LineChart: Sendable {
  struct Point: Sendable, Equatable {
    var x: Double
    /// Nil where nothing is known: the line is interrupted.
    var y: Double?

    init(x: Double, y: Double?) {
      self.x = x
      self.y = y
    }
  }

  enum Shape: Sendable {
    case straight
    /// A point's value holds since the point before it: rates, precision over recall.
    case steps
  }

  struct Series: Sendable {
    var name: String
    /// In the order of x.
    var points: [Point]

    init(name: String, points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  /// A value that the others are compared with: a line across the chart, with a label.
  struct Limit: Sendable {
    var value: Double
    var label: String

    init(value: Double, label: String) {
      self.value = value
      self.label = label
    }
  }

  /// Unique in the page.
  var id: String
  var title: String
  /// In words and numbers, for those who do not see it.
  var description: String
  var series: [Series]
  var shape: Shape
  var xTicks: Ticks
  /// The extent of the horizontal axis.
  var xDomain: ClosedRange<Double>
  var yTicks: Ticks
  var limit: Limit?
  /// Pixels between the lowest and the highest mark.
  var height: Double
  /// Colour of the first series; the others have those after it.
  var color: Int
  /// Whether the horizontal axis has labels; of charts above each other only the last one needs them.
  var hasXLabels: Bool

  init(
    id: String, title: String, description: String, series: [Series], shape: Shape, xTicks: Ticks,
    xDomain: ClosedRange<Double>, yTicks: Ticks, limit: Limit? = nil, height: Double, color: Int = 0,
    hasXLabels: Bool = true
  ) {
    self.id = id
    self.title = title
    self.description = description
    self.series = series
    self.shape = shape
    self.xTicks = xTicks
    self.xDomain = xDomain
    self.yTicks = yTicks
    self.limit = limit
    self.height = height
    self.color = color
    self.hasXLabels = hasXLabels
  }

  /// Width of the drawing in its own units, which are stretched to the room there is.
  private static let width = 1000.0
  /// Room for half a line of text above the highest mark.
  private static let top = 7.0
  /// Room for the labels of the vertical axis: six characters.
  static let left = 46.0
  private static let labelLength = 14

  var markup: Markup {
    let names = series.count > 1 ? series.map { Figure.clipped($0.name, Self.labelLength) } : []
    let longest = names.map(\.count).max() ?? 0
    let frame = ChartFrame(
      id: id, title: title, description: description, height: Self.top + height + (hasXLabels ? 20 : 5),
      left: Self.left, right: longest > 0 ? Double(longest) * 7 + 10 : 6)
    return frame.markup(grid + lines + limitLine + endLabels(names))
  }

  private var x: LinearScale { LinearScale(xDomain) }
  private var y: LinearScale { LinearScale(yTicks) }
  private func pixel(_ value: Double) -> Double { Self.top + height * (1 - y.fraction(value)) }

  private var grid: Markup {
    let bottom = Self.top + height
    let verticals = ChartFrame.verticals(xTicks, x, from: Self.top, to: bottom)
    let horizontals = zip(yTicks.values, yTicks.labels).map { value, label -> Markup in
      let at = pixel(value)
      let style = value == yTicks.values.first ? "base" : "grid"
      return """
        <line class="\(style)" x1="0" x2="100%" y1="\(at)" y2="\(at)"/>\
        <text x="-7" y="\(at + 3.5)" text-anchor="end">\(label)</text>
        """
    }
    let labels = hasXLabels ? ChartFrame.labels(xTicks, x, y: bottom + 15, hasRoom: false) : .empty
    return verticals + .joined(horizontals) + labels
  }

  private var lines: Markup {
    let bottom = Self.top + height
    let paths = series.enumerated().map { index, series -> Markup in
      let points = series.points.map { point in
        LinePath.Point(x: x.fraction(point.x) * Self.width, y: point.y.flatMap { $0.isFinite ? pixel($0) : nil })
      }
      let path = LinePath(points, shape: shape == .steps ? .steps(from: 0) : .straight, base: bottom)
      let color = ChartColor.series(color + index).name
      let area: Markup = self.series.count == 1 ? "<path class=\"area \(color)\" d=\"\(path.area)\"/>" : .empty
      return area + "<path class=\"line \(color)\" d=\"\(path.line)\"/>"
    }
    return """
      <svg width="100%" height="\(bottom)" viewBox="0 0 \(Self.width) \(bottom)" preserveAspectRatio="none" \
      overflow="visible">\(paths)</svg>
      """
  }

  private var limitLine: Markup {
    guard let limit, limit.value.isFinite else { return .empty }
    let at = pixel(limit.value)
    let text = hasRoomAbove(at) ? at - 5 : at + 13
    return """
      <line class="limit" x1="0" x2="100%" y1="\(at)" y2="\(at)"/>\
      <text class="limit-label halo" x="100%" y="\(text)" text-anchor="end">\(limit.label)</text>
      """
  }

  /// Whether a label at the right end is better above the height `at` than below it: where fewer points are in its way.
  private func hasRoomAbove(_ at: Double) -> Bool {
    let heights = series.flatMap(\.points).filter { x.fraction($0.x) > 0.75 }
      .compactMap { $0.y.flatMap { $0.isFinite ? pixel($0) : nil } }
    let above = heights.count { (at - 16...at).contains($0) }
    let below = heights.count { (at...at + 16).contains($0) }
    return at > Self.top + 10 && above <= below
  }

  /// Names at the lines' ends, moved apart where they would cover each other.
  private func endLabels(_ names: [String]) -> Markup {
    let ends = zip(names, series).enumerated().compactMap { index, pair -> (name: String, color: Int, at: Double)? in
      guard let last = pair.1.points.last(where: { $0.y?.isFinite == true }), let value = last.y else { return nil }
      return (pair.0, color + index, pixel(value))
    }.sorted { $0.at < $1.at }
    let heights = Self.spread(ends.map(\.at), apart: 14, within: Self.top...max(Self.top, Self.top + height))
    return .joined(
      zip(ends, heights).map { end, at in
        """
        <text class="series-label \(ChartColor.series(end.color).name)" x="100%" dx="6" y="\(at + 4)">\(end.name)</text>
        """
      })
  }

  /// Moves rising positions so that neighbours are at least `apart` and, where they fit, all are within the bounds.
  static func spread(_ positions: [Double], apart: Double, within bounds: ClosedRange<Double>) -> [Double] {
    var result = positions
    for index in result.indices.dropFirst() { result[index] = max(result[index], result[index - 1] + apart) }
    var ceiling = bounds.upperBound
    for index in result.indices.reversed() {
      result[index] = min(result[index], ceiling)
      ceiling = result[index] - apart
    }
    return result
  }
}
