extension Polygon {
  /// Whether it and the box between two corners have a point in common.
  func touches(_ low: Vertex, _ high: Vertex) -> Bool {
    guard high.x >= self.low.x, low.x <= self.high.x, high.y >= self.low.y, low.y <= self.high.y,
      var a = vertices.last
    else { return false }
    if contains(low) { return true }
    for b in vertices {
      if Self.crosses(a, b, low, high) { return true }
      a = b
    }
    return false
  }

  /// Whether a part of the line lies in the box (Liang and Barsky 1984).
  private static func crosses(_ a: Vertex, _ b: Vertex, _ low: Vertex, _ high: Vertex) -> Bool {
    let way = b - a
    var first = 0.0, last = 1.0
    for axis in 0..<2 {
      if way[axis] == 0 {
        guard a[axis] >= low[axis], a[axis] <= high[axis] else { return false }
        continue
      }
      let one = (low[axis] - a[axis]) / way[axis], other = (high[axis] - a[axis]) / way[axis]
      (first, last) = (max(first, min(one, other)), min(last, max(one, other)))
    }
    return first <= last
  }
}
