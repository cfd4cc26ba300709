@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Stages

/// Where anchors can lie, and so which zones and lines can ever see anything.
@Suite struct PictureReachTests {
  private let reach = PictureReach(width: 320, height: 240)

  private func isReached(_ points: [Vertex]) -> Bool { reach.isReached(Polygon(points)) }
  private func box(_ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double) -> [Vertex] {
    [Vertex(x0, y0), Vertex(x1, y0), Vertex(x1, y1), Vertex(x0, y1)]
  }
  private func isCrossable(_ from: Vertex, _ to: Vertex, hysteresis: Double = 2.4) -> Bool {
    reach.isCrossable(DirectedLine(from: from, to: to), hysteresis: hysteresis)
  }

  @Test func `given zones that hold a part of the picture when asked then they are reached`() {
    #expect(isReached(box(100, 100, 200, 200)))
    #expect(isReached(box(-50, -50, 400, 300)), "the whole picture and more")
    #expect(isReached(box(300, 200, 400, 300)), "a corner")
    #expect(isReached(box(-10, 100, 400, 101)), "a strip across, without a corner inside")
    #expect(isReached(box(0, 0, 3, 240)), "a strip that is wider than the margin")
    #expect(isReached([Vertex(-100, 120), Vertex(160, 121), Vertex(-100, 122)]), "a needle")
  }

  @Test func `given zones beside the picture when asked then they are not reached`() {
    #expect(!isReached(box(400, 0, 500, 100)))
    #expect(!isReached(box(0, -100, 320, 0)))
    #expect(!isReached(box(0, 0, 2, 240)), "anchors are kept two pixels inside")
    #expect(
      !isReached([Vertex(330, 100), Vertex(330, 300), Vertex(100, 300), Vertex(325, 255)]), "its box would touch")
    #expect(!isReached([Vertex(-5, -5), Vertex(10, -10), Vertex(-10, 10)].map { $0 - Vertex(4, 4) }), "past a corner")
  }

  @Test func `given lines that part the picture when asked then they can be crossed`() {
    #expect(isCrossable(Vertex(160, 0), Vertex(160, 240)))
    #expect(isCrossable(Vertex(160, 100), Vertex(160, 101)), "short ones too")
    #expect(isCrossable(Vertex(-100, 120), Vertex(500, 120)), "also from outside to outside")
    #expect(isCrossable(Vertex(5, 0), Vertex(5, 240)))
  }

  @Test func `given lines with no room on one side when asked then they cannot be crossed`() {
    #expect(!isCrossable(Vertex(0, 0), Vertex(0, 240)), "the picture's edge")
    #expect(!isCrossable(Vertex(3, 0), Vertex(3, 240)), "nearer to it than the hysteresis")
    #expect(isCrossable(Vertex(3, 0), Vertex(3, 240), hysteresis: 0.5))
    #expect(!isCrossable(Vertex(2, 240), Vertex(2, 0), hysteresis: 0), "nothing is ever on its left")
    #expect(isCrossable(Vertex(2, 0), Vertex(2, 240), hysteresis: 0), "what is on the line is on its right")
    #expect(!isCrossable(Vertex(400, 0), Vertex(400, 240)))
    #expect(!isCrossable(Vertex(160, 250), Vertex(160, 400)), "below the picture")
    #expect(!isCrossable(Vertex(500, 120), Vertex(900, 120)), "on the way of it, and outside")
  }

  @Test(arguments: 1...40) func `given random triangles when asked then trying places one by one agrees`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let low = Double.random(in: -600...0, using: &random), high = Double.random(in: 240...900, using: &random)
    let triangle = Polygon(
      (0..<3).map { _ in
        Vertex(Double.random(in: low...high, using: &random), Double.random(in: low...high, using: &random))
      })
    let places = stride(from: 2.0, through: 318, by: 2).flatMap { x in
      stride(from: 2.0, through: 238, by: 2).map { Vertex(x, $0) }
    }
    // What falls between the places may be reached all the same.
    if places.contains(where: triangle.contains) { #expect(reach.isReached(triangle)) }
    if !reach.isReached(triangle) { #expect(!places.contains(where: triangle.contains)) }
    let farAway = Polygon(triangle.vertices.map { $0 + Vertex(320 - triangle.low.x, 0) })
    #expect(!reach.isReached(farAway))
  }

  @Test func `given a picture smaller than the margins when asked then nothing fails`() {
    let tiny = PictureReach(width: 1, height: 1)
    #expect(tiny.isReached(Polygon(box(-10, -10, 10, 10))))
    #expect(!tiny.isCrossable(DirectedLine(from: Vertex(0, 0), to: Vertex(1, 1)), hysteresis: 0.01))
  }
}
