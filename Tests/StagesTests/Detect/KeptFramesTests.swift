import EdgepipeCore
import Testing

@testable import Stages

struct KeptFramesTests {
  private func detection(_ label: String, _ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Detection {
    Detection(label: label, classIndex: 0, score: 0.9, box: Box(x: x, y: y, width: width, height: height))
  }

  /// A triangle in the left half of the picture.
  private func kept(labels: [String]? = nil) throws -> KeptFrames {
    var settings = RemoteSettings(), zone = KeptZone()
    zone.name = "door"
    zone.points = [[0.1, 0.1], [0.5, 0.5], [0.1, 0.9]]
    zone.labels = labels
    settings.keepHereZones = [zone]
    settings.keepHere = ["child"]
    return try KeptFrames(settings, stage: "objects")
  }

  @Test(arguments: [
    // Inside of the zone, around it, over one of its edges, and with one corner at its tip.
    (Float(20), Float(45), Float(4), Float(4), true), (0, 0, 200, 100, true), (0, 40, 40, 5, true),
    (99, 45, 50, 50, true),
    // Beside it, and in the corner of the box around it where the zone is not.
    (150, 10, 20, 20, false), (80, 10, 10, 10, false), (0, 0, 10, 5, false),
  ])
  func givenAZoneWhenABoxTouchesItThenTheFrameStays(x: Float, y: Float, width: Float, height: Float, stays: Bool) throws
  {
    #expect(try kept().holds([detection("car", x, y, width, height)], width: 200, height: 100) == stays)
  }

  @Test func givenAZoneForSomeClassesWhenAnotherTouchesItThenTheFrameMayGo() throws {
    let kept = try kept(labels: ["person"])
    #expect(!kept.holds([detection("car", 20, 45, 4, 4)], width: 200, height: 100))
    #expect(kept.holds([detection("person", 20, 45, 4, 4)], width: 200, height: 100))
    #expect(kept.holds([detection("child", 150, 10, 4, 4)], width: 200, height: 100))
  }

  @Test func givenBoxesAndPolygonsByChanceWhenTheyShareAPointThenTheyTouch() {
    var random = SplitMix64(seed: 5)
    func number() -> Double { Double.random(in: 0...1, using: &random) }
    var touching = 0
    for _ in 0..<600 {
      let polygon = Polygon([Vertex(number(), number()), Vertex(number(), number()), Vertex(number(), number())])
      let a = Vertex(number(), number()), b = Vertex(number(), number())
      let low = pointwiseMin(a, b), high = pointwiseMax(a, b)
      let points = (0...20).flatMap { x in
        (0...20).map { y in low + (high - low) * Vertex(Double(x) / 20, Double(y) / 20) }
      }
      if points.contains(where: polygon.contains) {
        touching += 1
        #expect(polygon.touches(low, high))
      }
    }
    #expect(touching > 100)
  }

  @Test func givenAZoneOfTwoPointsWhenReadThenItIsRefusedWithItsPlace() {
    var settings = RemoteSettings(), zone = KeptZone()
    (zone.name, zone.points) = ("door", [[0, 0], [1, 1]])
    settings.keepHereZones = [zone]
    let error = #expect(throws: PipelineError.self) { try KeptFrames(settings, stage: "objects") }
    #expect(error?.description.contains("'door' has 2 points") == true)
  }
}
