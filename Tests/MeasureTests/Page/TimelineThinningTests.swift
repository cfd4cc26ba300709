@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Measure

@Suite("A time line for a page")
struct TimelineThinningTests {
  /// Readings at uneven times.
  private static func moments(_ count: Int) -> [ProfileMoment] {
    var random = SplitMix64(seed: 4)
    var seconds = 0.0
    return (0..<count).map { _ in
      seconds += Double.random(in: 0.01...2, using: &random)
      return ProfileMoment(
        seconds: seconds, deliveredPerSecond: Double.random(in: 0...50, using: &random),
        droppedPerSecond: Bool.random(using: &random)
          ? [.init(stage: "objects", reason: "late", perSecond: Double.random(in: 0...9, using: &random))] : [],
        queueDepth: ["objects": Int.random(in: 0...9, using: &random)],
        watts: Double.random(in: 5...15, using: &random),
        rssMB: Double.random(in: 100...500, using: &random))
    }
  }

  /// Sum of a rate times the time that it is of.
  private static func total(_ moments: [ProfileMoment], _ rate: (ProfileMoment) -> Double) -> Double {
    zip(moments, [0] + moments.map(\.seconds)).reduce(0) { $0 + rate($1.0) * ($1.0.seconds - $1.1) }
  }

  @Test(
    "given a long time line, when thinned, then frames, losses and energy are as many as before, and peaks are as high",
    arguments: [501, 999, 1000, 7919])
  func keeps(count: Int) {
    let before = Self.moments(count)
    let after = TimelineThinning.thinned(before)
    #expect(after.count == 500)
    #expect(after.last?.seconds == before.last?.seconds)
    let rates: [(ProfileMoment) -> Double] = [
      \.deliveredPerSecond, { $0.watts ?? 0 }, { $0.droppedPerSecond.reduce(0) { $0 + $1.perSecond } },
    ]
    for rate in rates {
      let old = Self.total(before, rate)
      let new = Self.total(after, rate)
      #expect(abs(new - old) < old * 1e-9, "\(new), \(old)")
    }
    #expect(after.map(\.rssMB).max() == before.map(\.rssMB).max())
    #expect(after.compactMap { $0.queueDepth["objects"] }.max() == before.compactMap { $0.queueDepth["objects"] }.max())
    #expect(zip(after, after.dropFirst()).allSatisfy { $0.seconds < $1.seconds })
  }

  @Test("given four moments, when two are left, then each is what was computed by hand")
  func byHand() {
    func moment(
      _ seconds: Double, _ rate: Double, _ depth: Int, _ watts: Double?, _ memory: Double, _ losses: [ProfileLoss]
    )
      -> ProfileMoment
    {
      ProfileMoment(
        seconds: seconds, deliveredPerSecond: rate, droppedPerSecond: losses, queueDepth: ["q": depth], watts: watts,
        rssMB: memory)
    }
    let late = ProfileLoss(stage: "b", reason: "late", perSecond: 4)
    let full = ProfileLoss(stage: "a", reason: "full", perSecond: 2)
    let thinned = TimelineThinning.thinned(
      [
        moment(1, 10, 3, 8, 50, [late]), moment(4, 20, 1, nil, 40, [full]), moment(5, 0, 0, nil, 60, []),
        moment(6, 8, 2, nil, 55, []),
      ],
      to: 2)
    #expect(
      thinned == [
        // (10 x 1 + 20 x 3) / 4; losses 2 x 3 / 4 and 4 x 1 / 4; only the first second was metered.
        moment(
          4, 17.5, 3, 8, 50,
          [.init(stage: "a", reason: "full", perSecond: 1.5), .init(stage: "b", reason: "late", perSecond: 1)]),
        moment(6, 4, 2, nil, 60, []),
      ])
  }

  @Test("given a short time line, when thinned, then it is as it was")
  func short() {
    let moments = Self.moments(500)
    #expect(TimelineThinning.thinned(moments) == moments)
    #expect(TimelineThinning.thinned([]).isEmpty)
  }

  @Test("given readings at one instant, when thinned, then nothing is divided by no time")
  func instant() {
    let moment = ProfileMoment(
      seconds: 0, deliveredPerSecond: 1, droppedPerSecond: [], queueDepth: [:], watts: nil, rssMB: 1)
    #expect(TimelineThinning.thinned([moment, moment, moment], to: 1) == [moment])
  }
}
