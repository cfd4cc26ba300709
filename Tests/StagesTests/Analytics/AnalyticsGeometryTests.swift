@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Stages

@Suite struct AnalyticsGeometryTests {
  /// A star-shaped polygon: corners at rising angles around a centre never cross.
  private func star(_ random: inout SplitMix64, corners: Int) -> Polygon {
    let angles = (0..<corners).map { _ in Double.random(in: 0..<2 * .pi, using: &random) }.sorted()
    return Polygon(
      angles.map { angle in
        let radius = Double.random(in: 20...400, using: &random)
        return Vertex(500 + radius * cos(angle), 500 + radius * sin(angle))
      })
  }

  /// The independent slow method: how often the outline goes around the point, by adding up angles.
  private func windingNumber(_ polygon: Polygon, _ point: Vertex) -> Int {
    var sum = 0.0
    for index in polygon.vertices.indices {
      let a = polygon.vertices[index] - point
      let b = polygon.vertices[(index + 1) % polygon.vertices.count] - point
      sum += atan2(a.cross(b), a.x * b.x + a.y * b.y)
    }
    return Int((sum / (2 * .pi)).rounded())
  }

  private func distance(_ polygon: Polygon, _ point: Vertex) -> Double {
    polygon.vertices.indices.map { index in
      let a = polygon.vertices[index], b = polygon.vertices[(index + 1) % polygon.vertices.count]
      let way = b - a, squared = way.x * way.x + way.y * way.y
      let toPoint = point - a
      let share = squared > 0 ? min(1, max(0, (way.x * toPoint.x + way.y * toPoint.y) / squared)) : 0
      let rest = toPoint - way * share
      return (rest.x * rest.x + rest.y * rest.y).squareRoot()
    }.min() ?? .infinity
  }

  @Test(arguments: 1...20) func `given random polygons when points are tested then the sum of angles agrees`(
    seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    let polygon = star(&random, corners: .random(in: 3...40, using: &random))
    var inside = 0, tested = 0
    for _ in 0..<500 {
      let point = Vertex(.random(in: 50...950, using: &random), .random(in: 50...950, using: &random))
      // On the outline the sum of angles is no whole turn; a millionth of a pixel is far more than rounding costs.
      guard distance(polygon, point) > 1e-6 else { continue }
      tested += 1
      let expected = windingNumber(polygon, point) != 0
      #expect(polygon.contains(point) == expected, "seed \(seed), \(point)")
      inside += expected ? 1 : 0
    }
    #expect(tested >= 499)
    // The share of the points inside is that of the area: 500 points tell it to 0.1 (more than 4 deviations).
    #expect(abs(Double(inside) / 500 - polygon.area / 810_000) < 0.1)
  }

  @Test(arguments: 1...10)
  func `given a polygon when moved, reversed, begun elsewhere or doubled then it holds the same points`(
    seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    // Whole numbers: moving and doubling them is exact, so that points on the outline are tested as well.
    let polygon = Polygon(
      star(&random, corners: 12).vertices.map { Vertex($0.x.rounded(), $0.y.rounded()) })
    let shift = Vertex(
      Double(Int.random(in: -9000...9000, using: &random)), Double(Int.random(in: -9000...9000, using: &random)))
    let start = Int.random(in: 1..<12, using: &random)
    let moved = Polygon(polygon.vertices.map { $0 + shift })
    let reversed = Polygon(polygon.vertices.reversed())
    let begun = Polygon(Array(polygon.vertices[start...] + polygon.vertices[..<start]))
    let doubled = Polygon(polygon.vertices.map { $0 * 2 })
    var points = (0..<300).map { _ in
      Vertex(Double(Int.random(in: 50...950, using: &random)), Double(Int.random(in: 50...950, using: &random)))
    }
    points += polygon.vertices
    for point in points {
      let expected = polygon.contains(point)
      #expect(moved.contains(point + shift) == expected)
      #expect(reversed.contains(point) == expected)
      #expect(begun.contains(point) == expected)
      #expect(doubled.contains(point * 2) == expected)
    }
  }

  @Test(arguments: 1...10) func `given a polygon when it is turned then it holds the turned points`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let polygon = star(&random, corners: 15)
    let angle = Double.random(in: 0..<2 * .pi, using: &random)
    func turned(_ v: Vertex) -> Vertex {
      Vertex(v.x * cos(angle) - v.y * sin(angle), v.x * sin(angle) + v.y * cos(angle))
    }
    let other = Polygon(polygon.vertices.map(turned))
    #expect(abs(other.area - polygon.area) < 1e-6 * polygon.area)
    for _ in 0..<300 {
      let point = Vertex(.random(in: 50...950, using: &random), .random(in: 50...950, using: &random))
      guard distance(polygon, point) > 1e-6 else { continue }
      #expect(other.contains(turned(point)) == polygon.contains(point))
    }
  }

  @Test(arguments: 1...10) func `given a square cut into a fan when points are tested then each is in exactly one part`(
    seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    let corners = [Vertex(0, 0), Vertex(1000, 0), Vertex(1000, 1000), Vertex(0, 1000)]
    let middle = Vertex(.random(in: 100...900, using: &random), .random(in: 100...900, using: &random))
    // Every second part runs the other way round.
    let parts = (0..<4).map { index in
      let part = [corners[index], corners[(index + 1) % 4], middle]
      return Polygon(index % 2 == 0 ? part : part.reversed())
    }
    var points = (0..<200).map { _ in
      Vertex(.random(in: 0..<1000, using: &random), .random(in: 0..<1000, using: &random))
    }
    // On the common edges, as nearly as numbers allow, and in the common corner.
    for corner in corners {
      for _ in 0..<100 { points.append(middle + (corner - middle) * Double.random(in: 0..<1, using: &random)) }
    }
    points.append(middle)
    let square = Polygon(corners)
    for point in points where square.contains(point) {
      let owners = parts.count { $0.contains(point) }
      #expect(owners == 1, "\(point)")
    }
  }

  @Test func `given a square when its edges are tested then left and top belong to it and right and bottom do not`() {
    let square = Polygon([Vertex(10, 10), Vertex(20, 10), Vertex(20, 20), Vertex(10, 20)])
    #expect(square.contains(Vertex(10, 15)) && square.contains(Vertex(15, 10)) && square.contains(Vertex(10, 10)))
    #expect(!square.contains(Vertex(20, 15)) && !square.contains(Vertex(15, 20)) && !square.contains(Vertex(20, 20)))
    #expect(!square.contains(Vertex(20, 10)) && !square.contains(Vertex(10, 20)))
    #expect(!square.contains(Vertex(.nan, 15)) && !square.contains(Vertex(15, .infinity)))
  }

  @Test func `given outlines when their edges are tested then only those that cross are found`() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<50 {
      let polygon = star(&random, corners: 20)
      #expect(polygon.crossingEdges == nil)
      // Two corners of a convex outline that change places make two edges cross.
      let circle = (0..<9).map { Vertex(100 * cos(Double($0) * 0.698), 100 * sin(Double($0) * 0.698)) }
      var crossed = circle
      let index = Int.random(in: 0..<8, using: &random)
      crossed.swapAt(index, index + 1)
      #expect(Polygon(circle).crossingEdges == nil)
      #expect(Polygon(crossed).crossingEdges != nil)
    }
    let bowTie = Polygon([Vertex(0, 0), Vertex(10, 10), Vertex(10, 0), Vertex(0, 10)])
    #expect(bowTie.crossingEdges.map { [$0, $1] } == [0, 2])
  }

  /// Whether two segments meet, by solving for both parameters (Cramer's rule): not how the counter does it.
  private func meets(_ a: Vertex, _ b: Vertex, _ c: Vertex, _ d: Vertex) -> Bool {
    let determinant = (b - a).cross(d - c)
    guard determinant != 0 else { return false }
    let t = (c - a).cross(d - c) / determinant, u = (c - a).cross(b - a) / determinant
    return (0...1).contains(t) && (0...1).contains(u)
  }

  @Test func `given random ways when they go over a line then meeting and side agree with solving for both`() {
    var random = SplitMix64(seed: 11)
    var met = 0
    for _ in 0..<5000 {
      let v = (0..<4).map { _ in Vertex(.random(in: 0...100, using: &random), .random(in: 0...100, using: &random)) }
      let line = DirectedLine(from: v[0], to: v[1])
      let before = line.distance(of: v[2]), after = line.distance(of: v[3])
      let expected = meets(v[0], v[1], v[2], v[3])
      let isMet =
        (before >= 0) != (after >= 0) && line.isMet(byWayFrom: v[2], distance: before, to: v[3], distance: after)
      #expect(isMet == expected)
      met += isMet ? 1 : 0
      // The distance is the height of the triangle; reversed, the sides change places.
      let triangle = Polygon([v[0], v[1], v[2]])
      #expect(abs(abs(before) * line.length / 2 - triangle.area) < 1e-6)
      #expect(abs(DirectedLine(from: v[1], to: v[0]).distance(of: v[2]) + before) < 1e-9)
    }
    // Two random chords of a square meet with a probability of 25/108 (about 0.2315).
    #expect(abs(Double(met) / 5000 - 25.0 / 108) < 0.03)
  }

  @Test func `given a line to the right when looked at then below it is its right side`() {
    let line = DirectedLine(from: Vertex(0, 50), to: Vertex(100, 50))
    #expect(line.distance(of: Vertex(30, 60)) == 10 && line.distance(of: Vertex(30, 45)) == -5)
  }
}
