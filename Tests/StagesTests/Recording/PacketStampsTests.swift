import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite("Times of recorded packets")
struct PacketStampsTests {
  private func run(_ stamps: [(shown: Int64?, decoded: Int64?)], delay: Int = 0) -> [PacketStamps.Stamp] {
    var mender = PacketStamps(ticksPerSecond: 90_000, delay: delay)
    return stamps.map { stamp in
      mender.next(shown: stamp.shown, decoded: stamp.decoded, fallback: { ($0 ?? -3600) + 3600 }, duration: 3600)
    }
  }

  private func areInOrder(_ stamps: [PacketStamps.Stamp]) -> Bool {
    zip(stamps, stamps.dropFirst()).allSatisfy { $0.decoded < $1.decoded }
      && stamps.allSatisfy { $0.decoded <= $0.shown }
  }

  @Test("given times as a file wants them, when taken, then they stay")
  func good() {
    let given: [(Int64?, Int64?)] = [(7200, 0), (18000, 3600), (10800, 7200), (14400, 10800), (21600, 14400)]
    #expect(run(given).map { [$0.shown, $0.decoded] } == given.map { [$0.0, $0.1] })
  }

  @Test(
    "given times shown only and a known delay, when pictures are reordered, then they are decoded in order and in time")
  func reordered() {
    let shown: [Int64] = [0, 10800, 3600, 7200, 21600, 14400, 18000, 25200]
    let stamps = run(shown.map { ($0, nil) }, delay: 1)
    #expect(stamps.map(\.shown) == shown)
    #expect(areInOrder(stamps))
    #expect(stamps.map(\.decoded) == [-3600, 0, 3600, 7200, 10800, 14400, 18000, 21600])
  }

  @Test("given reordered pictures that nobody announced, when they come, then only the first group is off")
  func learns() {
    var shown: [Int64] = []
    for group in 0..<20 { shown += [3, 1, 2].map { (Int64(group) * 3 + $0) * 3600 } }
    // A demuxer that expects no reordering takes the one time for the other.
    for stamps in [run(shown.map { ($0, nil) }), run(shown.map { ($0, $0) })] {
      #expect(areInOrder(stamps))
      let wrong = zip(stamps, shown).enumerated().filter { $0.element.0.shown != $0.element.1 }.map(\.offset)
      #expect(wrong.allSatisfy { $0 < 6 }, "\(wrong)")
    }
  }

  @Test("given random times, when taken, then decoding times rise and no picture is shown before it is decoded")
  func random() {
    for seed in 0..<100 {
      var random = SinkFixture.Random(seed: UInt64(seed))
      var time: Int64 = 0
      let given = (0..<200).map { _ -> (Int64?, Int64?) in
        time += Int64.random(in: -4000...9000, using: &random)
        let shown: Int64? = Int.random(in: 0..<5, using: &random) == 0 ? nil : time
        return (shown, Bool.random(using: &random) ? time - Int64.random(in: -3000...3000, using: &random) : nil)
      }
      var part: [PacketStamps.Stamp] = []
      for stamp in run(given) {
        if stamp.isBreak { part = [] }
        part.append(stamp)
        #expect(areInOrder(part.suffix(2)))
      }
    }
  }

  @Test("given a clock that jumps, when it goes back by two seconds or ahead by twenty, then it is a break")
  func jumps() {
    let stamps = run([(0, 0), (3600, 3600), (-180_000, -180_000), (-176_400, -176_400), (1_800_000, 1_800_000)])
    #expect(stamps.map(\.isBreak) == [false, false, true, false, true])
  }

  @Test("given no times, when taken, then they follow the fallback")
  func none() {
    #expect(run([(nil, nil), (nil, nil), (nil, nil)]).map(\.decoded) == [0, 3600, 7200])
  }

  @Test(
    "given first packets without times, when times come, then they go on from there, and one that is missing later is put between"
  )
  func late() {
    let stamps = run([(nil, nil), (nil, nil), (900_000, 900_000), (903_600, 903_600), (nil, nil), (910_800, 910_800)])
    #expect(stamps.map(\.decoded) == [0, 3600, 7200, 10800, 14400, 18000])
    #expect(stamps.allSatisfy { !$0.isBreak })
  }

  @Test("given the largest and smallest times, when taken, then nothing overflows")
  func extreme() {
    _ = run([(.max, .min + 1), (.min + 1, .max), (.max, nil), (nil, .max), (.min + 1, nil), (0, .min + 1)], delay: 16)
  }
}
