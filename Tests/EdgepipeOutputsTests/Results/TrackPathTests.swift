import EdgepipeCore
import EdgepipeOutputs
import PipelineTestSupport
import Testing

/// A path is short however long the track is, and never far from where the thing was.
@Suite struct TrackPathTests {
  private func points(_ count: Int, seed: UInt64) -> [TrackPath.Point] {
    var random = SplitMix64(seed: seed)
    var (x, y, speedX, speedY): (Float, Float, Float, Float) = (960, 540, 3, 1)
    return (0..<count).map { index in
      if Int.random(in: 0..<20, using: &random) == 0 {
        speedX = Float.random(in: -8...8, using: &random)
        speedY = Float.random(in: -8...8, using: &random)
      }
      x += speedX + Float.random(in: -1...1, using: &random)
      y += speedY + Float.random(in: -1...1, using: &random)
      return TrackPath.Point(time: MediaTime(seconds: Double(index) * 0.04), x: x, y: y)
    }
  }

  /// Where the kept points say that the thing was, in pixels from where it was, at its worst.
  private func worst(_ points: [TrackPath.Point], _ kept: [TrackPath.Point]) -> Float {
    var span = 0, worst: Float = 0
    for point in points {
      while span < kept.count - 2, kept[span + 1].time < point.time { span += 1 }
      guard kept.count > 1 else { break }
      let a = kept[span], b = kept[span + 1]
      let share = Float((point.time.seconds - a.time.seconds) / (b.time.seconds - a.time.seconds))
      let x = a.x + (b.x - a.x) * share - point.x, y = a.y + (b.y - a.y) * share - point.y
      worst = max(worst, (x * x + y * y).squareRoot())
    }
    return worst
  }

  @Test(arguments: [1, 2, 3, 10, 64, 65, 128, 129, 500, 5000])
  func `given any walk when simplified then few of its points are left in order with both ends`(count: Int) {
    for seed in 1...20 as ClosedRange<UInt64> {
      let walk = points(count, seed: seed)
      var path = TrackPath(tolerance: 5)
      for point in walk { path.append(point) }
      let kept = path.simplified
      #expect(kept.count <= TrackPath.limit && kept.first == walk.first && kept.last == walk.last)
      #expect(zip(kept, kept.dropFirst()).allSatisfy { $0.time < $1.time })
      #expect(Set(kept).isSubset(of: walk))
    }
  }

  @Test func `given walks that fit when simplified then no point is farther off than the tolerance`() {
    for seed in 1...200 as ClosedRange<UInt64> {
      let walk = points(128, seed: seed)
      let kept = TrackPath.simplify(walk, tolerance: 5, limit: 128)
      // Rounding of sums in single precision.
      #expect(worst(walk, kept) <= 5.01)
      #expect(kept.count < walk.count)
    }
  }

  @Test func `given a limit when simplified then more points never make it worse than none between the ends`() {
    for seed in 1...50 as ClosedRange<UInt64> {
      let walk = points(128, seed: seed)
      let ends = worst(walk, TrackPath.simplify(walk, tolerance: 0, limit: 2))
      let many = worst(walk, TrackPath.simplify(walk, tolerance: 0, limit: 64))
      #expect(many < ends)
    }
  }

  @Test func `given an even movement when simplified then its ends are left`() {
    var path = TrackPath(tolerance: 1)
    for index in 0..<10_000 {
      path.append(.init(time: MediaTime(seconds: Double(index)), x: Float(index) * 0.1, y: 7))
    }
    #expect(path.simplified.map(\.x) == [0, 999.9])
  }

  @Test func `given a thing that stops on its way when simplified then when it stood still is known`() {
    var path = TrackPath(tolerance: 1)
    func add(_ second: Int, _ x: Float) { path.append(.init(time: MediaTime(seconds: Double(second)), x: x, y: 0)) }
    for second in 0..<20 { add(second, Float(second) * 10) }
    for second in 20..<60 { add(second, 190) }
    for second in 60...80 { add(second, 190 + Float(second - 60) * 10) }
    #expect(path.simplified.map(\.time.seconds) == [0, 19, 60, 80])
  }
}
