import EdgepipeCore

/// Accuracy against cost of one model at several degrees of pruning, as a drawing and as values.
package struct AccuracyCurve: Sendable {
  struct Point: Sendable {
    /// The share of the cost that was to go; 0 for the model as it was.
    var ratio: Double
    /// Multiplications for one picture, or weights that are not zero.
    var cost: Double
    /// COCO's AP, 0 to 1; nil where there is none.
    var accuracy: Double?

    init(ratio: Double, cost: Double, accuracy: Double?) {
      self.ratio = ratio
      self.cost = cost
      self.accuracy = accuracy
    }
  }

  var title: String
  /// What the horizontal axis counts, such as `multiplications`.
  var costName: String
  /// The model as it was comes first.
  var points: [Point]

  init(title: String, costName: String, points: [Point]) {
    self.title = title
    self.costName = costName
    self.points = points
  }

  private static let width = 640.0, height = 400.0
  private static let left = 64.0, top = 56.0, right = 24.0, bottom = 56.0

  /// The text of an SVG file: AP over the share of the cost that is left.
  package var svg: String {
    let known = points.compactMap { point in point.accuracy.map { (point: point, accuracy: $0) } }
    let ticks = Ticks.nice(0...max(known.map(\.accuracy).max() ?? 0, 1e-3), about: 6)
    let whole = points.first?.cost ?? 1
    let x = LinearScale(0...1), y = LinearScale(ticks)
    let span = Self.width - Self.left - Self.right, rise = Self.height - Self.top - Self.bottom, floor = Self.top + rise
    func across(_ share: Double) -> Double { Self.left + x.fraction(share) * span }
    func up(_ accuracy: Double) -> Double { floor - y.fraction(accuracy) * rise }
    let rows = zip(ticks.values, ticks.labels).map { value, label -> Markup in
      """
      <path d="M\(Self.left) \(up(value))h\(span)" stroke="#ddd"/>\
      <text x="\(Self.left - 8)" y="\(up(value) + 4)" text-anchor="end">\(label)</text>
      """
    }
    let columns = (0...5).map { index -> Markup in
      let share = Double(index) / 5
      return """
        <path d="M\(across(share)) \(Self.top)v\(rise)" stroke="#ddd"/>\
        <text x="\(across(share))" y="\(floor + 20)" text-anchor="middle">\(Figure.percent(share))</text>
        """
    }
    let places = known.map { LinePath.Point(x: across($0.point.cost / max(whole, 1)), y: up($0.accuracy)) }
    let marks = zip(known, places).map { item, place -> Markup in
      let name = item.point.ratio == 0 ? "original" : "-\(Figure.percent(item.point.ratio))"
      // Curves fall to the left, so that the room is there, but for points at the edge.
      let isAtEdge = place.x < Self.left + 120, anchor: Markup = isAtEdge ? "start" : "end"
      return """
        <circle cx="\(place.x)" cy="\(place.y ?? floor)" r="4" fill="#0b6fae"/>\
        <text x="\(place.x + (isAtEdge ? 8 : -8))" y="\((place.y ?? floor) - 6)" \
        text-anchor="\(anchor)">\(name): \(Figure.text(item.accuracy, decimals: 3))</text>
        """
    }
    let line = LinePath(places, shape: .straight, base: floor).line
    let drawing = Drawing(
      width: Self.width, height: Self.height, left: Self.left, title: title, description: description)
    return drawing.text(
      """

      \(Markup.joined(rows))\(Markup.joined(columns))
      <path d="M\(Self.left) \(Self.top)v\(rise)h\(span)" fill="none" stroke="#222"/>
      <text x="\(Self.left + span / 2)" y="\(floor + 42)" text-anchor="middle">\(costName) remaining</text>
      <text x="20" y="\(Self.top + rise / 2)" text-anchor="middle" \
      transform="rotate(-90 20 \(Self.top + rise / 2))">AP</text>
      <path d="\(line)" fill="none" stroke="#0b6fae" stroke-width="2"/>
      \(Markup.joined(marks))
      """)
  }

  private var description: String {
    let parts = points.map { point in
      "\(Figure.percent(point.ratio)) fewer: AP \(point.accuracy.map { Figure.text($0, decimals: 3) } ?? Figure.none)"
    }
    return "AP over \(costName). " + parts.joined(separator: "; ") + "."
  }
}
