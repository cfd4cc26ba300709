import Testing

@testable import Measure

@Suite("Runs in turns")
struct ScheduleTests {
  @Test(
    "given two repeats and four rounds, when scheduled, then sides follow Thue and Morse and each round has all repeats"
  )
  func order() {
    let turns = Schedule(repeats: 2, rounds: 4).turns
    #expect(turns.map(\.side.rawValue).joined() == "ABBABAABBAABABBA")
    for round in 0..<4 {
      let runs = turns.filter { $0.round == round }
      #expect(turns[(round * 4)..<(round * 4 + 4)].allSatisfy { $0.round == round })
      for side in Side.allCases { #expect(Set(runs.filter { $0.side == side }.map(\.number)) == [0, 1]) }
    }
    #expect(turns.map(\.number) == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0])
    #expect(Schedule(repeats: 2, rounds: 0).turns.isEmpty)
  }

  @Test("given a machine that drifts as a cubic, when sixteen runs take turns, then both sides get the same of it")
  func drift() {
    for degree in 0...3 {
      var sums = Both(a: 0, b: 0)
      for (time, turn) in Schedule(repeats: 2, rounds: 4).turns.enumerated() {
        sums[turn.side] += (0..<degree).reduce(1) { power, _ in power * time }
      }
      #expect(sums.a == sums.b, "degree \(degree)")
    }
  }

  @Test("given measurements, when run, then they come in order, progress counts and the time left follows the mean")
  func experiment() {
    var clock = 0.0, progress: [Experiment.Progress] = []
    let runs = Experiment(Schedule(repeats: 2, rounds: 1)).run(
      seconds: { clock }, progress: { progress.append($0) },
      measure: { side -> Double? in
        clock += side == .a ? 1 : 3
        return clock
      })
    #expect(runs.map(\.value) == [1, 4, 7, 8])
    #expect(runs.map(\.turn.side) == [.a, .b, .b, .a])
    #expect(progress.map(\.finished) == [0, 1, 2, 3])
    #expect(progress.map(\.next) == [.a, .b, .b, .a])
    // After 7 s for three runs one is left.
    #expect(progress.map(\.secondsLeft) == [nil, 3, 4, 7.0 / 3])
  }

  @Test("given an experiment that is ended, when its last round is not whole, then that round is left out")
  func ended() {
    func runs(_ count: Int) -> Int {
      var left = count
      return Experiment(Schedule(repeats: 3, rounds: 8)).run(
        seconds: { 0 }, progress: { _ in },
        measure: { _ -> Int? in
          left -= 1
          return left >= 0 ? left : nil
        }
      ).count
    }
    #expect(runs(5) == 0)
    #expect(runs(6) == 6)
    #expect(runs(17) == 12)
    #expect(runs(1000) == 48)
  }
}
