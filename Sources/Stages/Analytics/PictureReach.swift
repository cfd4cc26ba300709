/// The part of a picture in which anchors can lie, see ``Anchor/margin``: what lies outside of it never sees anything.
struct PictureReach: Sendable {
  let low: Vertex
  let high: Vertex

  init(width: Int, height: Int) {
    low = Vertex(Anchor.margin, Anchor.margin)
    high = pointwiseMax(low, Vertex(Double(width), Double(height)) - low)
  }

  private var corners: [Vertex] { [low, Vertex(high.x, low.y), high, Vertex(low.x, high.y)] }

  /// Whether the polygon holds any place that an anchor can have.
  func isReached(_ polygon: Polygon) -> Bool {
    if corners.contains(where: polygon.contains) || polygon.contains((low + high) / 2) { return true }
    guard var a = polygon.vertices.last else { return false }
    for b in polygon.vertices {
      // Beside a piece of the outline lies a piece of the inside.
      if let piece = part(from: a, to: b), piece.upperBound > piece.lowerBound, isInside(a + (b - a) * piece.middle) {
        return true
      }
      a = b
    }
    return false
  }

  /// Whether something can go from one side of the line to the other, each side `hysteresis` pixels away from it.
  func isCrossable(_ line: DirectedLine, hysteresis: Double) -> Bool {
    let distances = corners.map(line.distance)
    guard let left = distances.min(), let right = distances.max(), left < 0, left <= -hysteresis, right >= hysteresis
    else { return false }
    return part(from: line.from, to: line.to) != nil
  }

  private func isInside(_ point: Vertex) -> Bool {
    point.x > low.x && point.x < high.x && point.y > low.y && point.y < high.y
  }

  /// The part of a way that lies in reach, its edges included, as shares of the way (Liang and Barsky 1984).
  private func part(from a: Vertex, to b: Vertex) -> ClosedRange<Double>? {
    let way = b - a
    var start = 0.0, end = 1.0
    for (step, before) in [
      (-way.x, a.x - low.x), (way.x, high.x - a.x), (-way.y, a.y - low.y), (way.y, high.y - a.y),
    ] {
      if step == 0 {
        if before < 0 { return nil }
      } else if step < 0 {
        start = max(start, before / step)
      } else {
        end = min(end, before / step)
      }
    }
    return start <= end ? start...end : nil
  }
}

extension ClosedRange<Double> {
  fileprivate var middle: Double { (lowerBound + upperBound) / 2 }
}
