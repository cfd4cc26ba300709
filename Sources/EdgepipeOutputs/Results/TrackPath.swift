package import EdgepipeCore

/// The way that a track took, in at most ``limit`` points however long it is.
///
/// Points are left out as Ramer, Douglas and Peucker do it, with the distance in time: how far a thing that moves evenly
/// between its neighbours would be from where it was at that instant (TD-TR; N. Meratnia, R. A. de By, "Spatiotemporal
/// compression techniques for moving point objects", 2004). So the times at which it stood still are kept as well.
package struct TrackPath: Sendable, Hashable {
  package struct Point: Sendable, Hashable {
    package let time: MediaTime
    /// In pixels.
    package let x: Float
    package let y: Float

    package init(time: MediaTime, x: Float, y: Float) {
      self.time = time
      self.x = x
      self.y = y
    }
  }

  package static let limit = 64

  /// In pixels: points nearer than this to the way between their neighbours are left out.
  package let tolerance: Float
  /// Twice the limit at most.
  private var points: [Point] = []

  package init(tolerance: Float) { self.tolerance = max(0, tolerance) }

  /// Adds the next point; times rise.
  package mutating func append(_ point: Point) {
    points.append(point)
    if points.count > 2 * Self.limit { points = Self.simplify(points, tolerance: tolerance, limit: Self.limit) }
  }

  /// The first and the last point, and those between them that matter most.
  package var simplified: [Point] { Self.simplify(points, tolerance: tolerance, limit: Self.limit) }

  /// The points whose deviation exceeds the tolerance, and of these at most `limit` (2 or more), the greatest first.
  package static func simplify(_ points: [Point], tolerance: Float, limit: Int) -> [Point] {
    guard points.count > 2 else { return points }
    // Of each split: the point, how much it matters (never more than the split around it), in the order of splitting.
    var splits: [(index: Int, weight: Float)] = []
    var spans: [(first: Int, last: Int, bound: Float)] = [(0, points.count - 1, .infinity)]
    while let span = spans.popLast() {
      guard span.last - span.first > 1 else { continue }
      var farthest = span.first + 1, distance: Float = -1
      for index in (span.first + 1)..<span.last {
        let deviation = deviation(of: points[index], from: points[span.first], to: points[span.last])
        if deviation > distance { (farthest, distance) = (index, deviation) }
      }
      let weight = min(span.bound, distance)
      guard weight > tolerance else { continue }
      splits.append((farthest, weight))
      spans.append((span.first, farthest, weight))
      spans.append((farthest, span.last, weight))
    }
    if splits.count > limit - 2 {
      // A split comes after the one around it, also where both matter equally: sorting keeps their order then.
      let order = splits.indices.sorted { (-splits[$0].weight, $0) < (-splits[$1].weight, $1) }
      splits = order.prefix(max(0, limit - 2)).map { splits[$0] }
    }
    return [points[0]] + splits.map(\.index).sorted().map { points[$0] } + [points[points.count - 1]]
  }

  /// How far a point is from where an even movement from `a` to `b` would be at its time, in pixels.
  static func deviation(of point: Point, from a: Point, to b: Point) -> Float {
    let length = b.time.seconds - a.time.seconds
    let share = length > 0 ? Float((point.time.seconds - a.time.seconds) / length) : 0
    let x = a.x + (b.x - a.x) * share, y = a.y + (b.y - a.y) * share
    return ((point.x - x) * (point.x - x) + (point.y - y) * (point.y - y)).squareRoot()
  }
}
