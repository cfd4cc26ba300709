/// Every pixel that a polygon touches, in a picture of one size.
struct CoveredArea: Sendable, Hashable {
  /// Columns x0..<x1 of one row.
  struct Span: Sendable, Hashable {
    var y: Int
    var x0: Int
    var x1: Int
  }

  /// Around all spans; empty where the polygon lies outside of the picture.
  let bounds: PixelRect
  /// By row, then by column; those of a row do not touch.
  let spans: [Span]

  /// - Parameter polygon: in pixels of the picture.
  init(_ polygon: Polygon, width: Int, height: Int) {
    var spans: [Span] = []
    let top = Self.pixel(polygon.low.y.rounded(.down), height)
    let bottom = Self.pixel(polygon.high.y.rounded(.up), height)
    for y in top..<max(top, bottom) {
      var row: [(Double, Double)] = Self.inside(polygon, at: Double(y) + 0.5)
      // What edges touch on their way through the row's pixels: the line through their centres misses it.
      if var a = polygon.vertices.last {
        for b in polygon.vertices {
          if let piece = Self.piece(from: a, to: b, low: Double(y), high: Double(y + 1)) { row.append(piece) }
          a = b
        }
      }
      var last: Span?
      for (from, to) in row.sorted(by: { $0.0 < $1.0 }) {
        let x0 = Self.pixel(from.rounded(.down), width), x1 = Self.pixel(to.rounded(.up), width)
        guard x0 < x1 else { continue }
        if let open = last, x0 <= open.x1 {
          last?.x1 = max(open.x1, x1)
        } else {
          if let last { spans.append(last) }
          last = Span(y: y, x0: x0, x1: x1)
        }
      }
      if let last { spans.append(last) }
    }
    self.spans = spans
    bounds = PixelRect(
      x0: spans.map(\.x0).min() ?? 0, y0: spans.first?.y ?? 0, x1: spans.map(\.x1).max() ?? 0,
      y1: spans.last.map { $0.y + 1 } ?? 0)
  }

  private static func pixel(_ value: Double, _ limit: Int) -> Int { Int(min(max(value, 0), Double(limit))) }

  /// The parts of a line of the picture inside of the outline, by the even-odd rule.
  private static func inside(_ polygon: Polygon, at y: Double) -> [(Double, Double)] {
    guard var a = polygon.vertices.last else { return [] }
    var crossings: [Double] = []
    for b in polygon.vertices {
      if (a.y > y) != (b.y > y) { crossings.append(a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y)) }
      a = b
    }
    crossings.sort()
    return stride(from: 0, to: crossings.count - 1, by: 2).map { (crossings[$0], crossings[$0 + 1]) }
  }

  /// The columns that an edge goes through between two heights; nil where it does not come there.
  private static func piece(from a: Vertex, to b: Vertex, low: Double, high: Double) -> (Double, Double)? {
    let (upper, lower) = a.y <= b.y ? (a, b) : (b, a)
    guard upper.y < high, lower.y > low else { return nil }
    guard upper.y < lower.y else { return (min(a.x, b.x), max(a.x, b.x)) }
    func x(at y: Double) -> Double { upper.x + (lower.x - upper.x) * (y - upper.y) / (lower.y - upper.y) }
    let first = x(at: max(low, upper.y)), second = x(at: min(high, lower.y))
    return (min(first, second), max(first, second))
  }
}
