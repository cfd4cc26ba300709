/// A place in a picture, in pixels from its top-left corner, y growing downwards.
typealias Vertex = SIMD2<Double>

extension SIMD2<Double> {
  /// The z component of the cross product: positive where `other` lies clockwise of this, as the picture shows it.
  func cross(_ other: Self) -> Double { x * other.y - y * other.x }
}

/// A closed outline without its inside being stored: the last vertex is joined to the first.
///
/// The inside is that of the even-odd rule. Points on left and upper edges belong to it, points on right and lower
/// edges do not, as with pixels: of zones side by side exactly one holds a point on their common edge.
struct Polygon: Sendable, Hashable {
  let vertices: [Vertex]
  /// The corners of the box around the outline.
  let low: Vertex
  let high: Vertex

  init(_ vertices: [Vertex]) {
    self.vertices = vertices
    var low = vertices.first ?? .zero, high = low
    for vertex in vertices {
      low = pointwiseMin(low, vertex)
      high = pointwiseMax(high, vertex)
    }
    (self.low, self.high) = (low, high)
  }

  /// Whether the outline surrounds `point`; false for what is not a number. Counts the edges that a ray to the right
  /// meets (Shimrat 1962, algorithm 112).
  func contains(_ point: Vertex) -> Bool {
    guard point.x >= low.x, point.x <= high.x, point.y >= low.y, point.y <= high.y, var a = vertices.last else {
      return false
    }
    var isInside = false
    for b in vertices {
      if (a.y > point.y) != (b.y > point.y) {
        // Always from the upper end to the lower one, so that two zones round the same numbers on a common edge.
        let (top, bottom) = a.y < b.y ? (a, b) : (b, a)
        if (bottom - top).cross(point - top) > 0 { isInside.toggle() }
      }
      a = b
    }
    return isInside
  }

  /// The area by the shoelace formula; less than the area of the even-odd rule where edges cross.
  var area: Double {
    guard var a = vertices.last else { return 0 }
    var sum = 0.0
    for b in vertices {
      // Seen from a corner: products of small numbers keep their digits.
      sum += (a - low).cross(b - low)
      a = b
    }
    return abs(sum) / 2
  }

  /// The first two edges that cross each other, by the indices of the vertices at which they start.
  var crossingEdges: (Int, Int)? {
    let count = vertices.count
    for i in 0..<count {
      for j in i + 1..<count {
        let (a, b) = (vertices[i], vertices[(i + 1) % count])
        let (c, d) = (vertices[j], vertices[(j + 1) % count])
        // Neighbours share an end, where one of the products is 0.
        if (b - a).cross(c - a) * (b - a).cross(d - a) < 0, (d - c).cross(a - c) * (d - c).cross(b - c) < 0 {
          return (i, j)
        }
      }
    }
    return nil
  }
}
