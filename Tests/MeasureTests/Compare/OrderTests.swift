import Testing

@testable import Measure

@Suite("Runs in turns")
struct OrderTests {
  @Test("given eight runs of each, when ordered, then they follow Thue and Morse, with one of either side in each pair")
  func order() {
    let order = Side.order(count: 8)
    #expect(order.map(\.rawValue).joined() == "ABBABAABBAABABBA")
    for pair in stride(from: 0, to: order.count, by: 2) { #expect(order[pair] != order[pair + 1]) }
    #expect(Side.order(count: 3).count(where: { $0 == .a }) == 3)
    #expect(Side.order(count: 0).isEmpty)
  }

  @Test("given a machine that drifts as a cubic, when sixteen runs take turns, then both sides get the same of it")
  func drift() {
    let order = Side.order(count: 8)
    for degree in 0...3 {
      var sums = Both(a: 0, b: 0)
      for (time, side) in order.enumerated() { sums[side] += (0..<degree).reduce(1) { power, _ in power * time } }
      #expect(sums.a == sums.b, "degree \(degree)")
    }
  }

  @Test("given measurements, when run, then values come in order, progress counts and the time left follows the mean")
  func experiment() {
    var clock = 0.0, progress: [Experiment.Progress] = []
    let values = Experiment(repeats: 2).run(
      seconds: { clock }, progress: { progress.append($0) },
      measure: { side -> String? in
        clock += side == .a ? 1 : 3
        return "\(side.rawValue) \(clock)"
      })
    #expect(values == Both(a: ["A 1.0", "A 8.0"], b: ["B 4.0", "B 7.0"]))
    #expect(progress.map(\.finished) == [0, 1, 2, 3])
    #expect(progress.map(\.next) == [.a, .b, .b, .a])
    // After 7 s for three runs one is left.
    #expect(progress.map(\.secondsLeft) == [nil, 3, 4, 7.0 / 3])
  }

  @Test("given an experiment that is ended, when a run has no partner, then it is left out")
  func ended() {
    var left = 4
    let values = Experiment(repeats: 8).run(
      seconds: { 0 }, progress: { _ in },
      measure: { _ -> Int? in
        left -= 1
        return left >= 0 ? left : nil
      })
    #expect(values == Both(a: [3, 0], b: [2, 1]))
    left = 3
    let odd = Experiment(repeats: 8).run(
      seconds: { 0 }, progress: { _ in },
      measure: { _ -> Int? in
        left -= 1
        return left >= 0 ? left : nil
      })
    #expect(odd == Both(a: [2], b: [1]))
  }
}
