/// A straight line from one place to another, with a left and a right side.
///
/// Right is what is on the right hand of somebody who looks from the first end to the second, in the picture as it is
/// shown: below a line drawn from left to right.
struct DirectedLine: Sendable, Hashable {
  let from: Vertex
  let to: Vertex
  let length: Double
  private let unit: Vertex

  /// - Parameters: two different places.
  init(from: Vertex, to: Vertex) {
    self.from = from
    self.to = to
    let along = to - from
    length = (along.x * along.x + along.y * along.y).squareRoot()
    unit = along / length
  }

  /// How far `point` is from the line, which is infinite here; positive on the right.
  func distance(of point: Vertex) -> Double { unit.cross(point - from) }

  /// Whether a straight way meets the line between its ends, the ends included.
  ///
  /// - Parameters distance…: those of both ends of the way, one of them negative and the other not.
  func isMet(
    byWayFrom start: Vertex, distance startDistance: Double, to end: Vertex, distance endDistance: Double
  ) -> Bool {
    let place = start + (end - start) * (startDistance / (startDistance - endDistance))
    let way = place - from
    let along = unit.x * way.x + unit.y * way.y
    return along >= 0 && along <= length
  }
}
