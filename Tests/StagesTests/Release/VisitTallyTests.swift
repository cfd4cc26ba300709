import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import Stages

@Suite("Differential privacy: what one person can change")
struct VisitTallyTests {
  private static let bounds = VisitTally.Bounds(visits: 2, staySeconds: 50)

  private func time(_ seconds: Double) -> MediaTime { MediaTime(seconds: seconds) }

  private func name(_ track: Int) -> VisitTally.TrackName { .init(stage: "objects", track: track) }

  private func tally() -> VisitTally {
    VisitTally(zones: ["door", "hall"], edges: [10, 60], bounds: Self.bounds)
  }

  @Test("given visits, when the period ends, then they are counted with their times and lengths")
  func counts() throws {
    var tally = tally()
    tally.enter("door", name(1), at: time(0))
    tally.leave("door", name(1), staySeconds: 5, at: time(5))
    tally.enter("hall", name(1), at: time(6))
    tally.enter("door", name(2), at: time(10))
    tally.enter("garden", name(3), at: time(10))
    let first = tally.finish(at: time(30))
    #expect(first["door"] == .init(visits: 2, personSeconds: 25, stays: [1, 0, 0]))
    #expect(first["hall"] == .init(visits: 1, personSeconds: 24, stays: [0, 0, 0]))
    #expect(first["garden"] == nil)
    tally.leave("hall", name(1), staySeconds: 64, at: time(70))
    // It is the door's first visit of the period that goes on.
    let second = tally.finish(at: time(60))
    #expect(second["hall"] == .init(visits: 0, personSeconds: 40, stays: [0, 0, 1]))
    #expect(second["door"] == .init(visits: 0, personSeconds: 30, stays: [0, 0, 0]))
  }

  @Test(
    "given random visits, when one track more is there, then no sum changes by more than its bound", arguments: 0..<40)
  func neighbours(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    var events: [(track: Int, zone: String, enters: Bool, at: Double)] = []
    for track in 0..<12 {
      // The one that is left out does as much as it can.
      var at = Double.random(in: 0..<20, using: &random)
      for _ in 0..<(track == 0 ? 30 : Int.random(in: 0..<6, using: &random)) {
        let zone = Bool.random(using: &random) ? "door" : "hall"
        events.append((track, zone, true, at))
        at += Double.random(in: 0..<40, using: &random)
        if Bool.random(using: &random) || track == 0 { events.append((track, zone, false, at)) }
        at += 0.1
      }
    }
    events.sort { $0.at < $1.at }
    func run(without left: Int?) -> [[String: VisitTally.ZoneNumbers]] {
      var tally = tally(), entered: [String: Double] = [:], periods: [[String: VisitTally.ZoneNumbers]] = []
      var end = 60.0
      for event in events where event.track != left {
        while event.at >= end {
          periods.append(tally.finish(at: time(end)))
          end += 60
        }
        let key = "\(event.zone) \(event.track)"
        if event.enters {
          entered[key] = event.at
          tally.enter(event.zone, name(event.track), at: time(event.at))
        } else {
          tally.leave(event.zone, name(event.track), staySeconds: event.at - (entered[key] ?? 0), at: time(event.at))
        }
      }
      while end < 2000 {
        periods.append(tally.finish(at: time(end)))
        end += 60
      }
      return periods
    }
    for (all, less) in zip(run(without: nil), run(without: 0)) {
      func difference(_ value: (VisitTally.ZoneNumbers) -> [Int]) -> Int {
        all.keys.reduce(0) { sum, zone in
          guard let a = all[zone], let b = less[zone] else { return sum }
          return sum + zip(value(a), value(b)).reduce(0) { $0 + abs($1.0 - $1.1) }
        }
      }
      #expect(difference { [$0.visits] } <= Self.bounds.visits)
      #expect(difference { [$0.personSeconds] } <= Self.bounds.staySeconds)
      #expect(difference { $0.stays } <= Self.bounds.visits)
    }
  }
}
