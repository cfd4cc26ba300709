import Testing

@testable import EdgepipeCore
@testable import Measure
@testable import Pipeline

@Suite("The time line of a run")
struct RunTimelineTests {
  private func sample(_ index: Int, delivered: Int? = nil) -> TimelineSample {
    TimelineSample(seconds: Double(index + 1) * 0.25, delivered: delivered ?? index)
  }

  @Test("given samples, then rates are those since the sample before, and losses are told by place")
  func rates() {
    let late = Ledger.Place(stage: "b", reason: .late), full = Ledger.Place(stage: "a", reason: .oldest)
    var line = RunTimeline()
    line.add(
      TimelineSample(
        seconds: 0.5, delivered: 10, dropped: [late: 1], detections: 4, queueDepth: ["a": 3], watts: 5, rssMB: 70))
    line.add(
      TimelineSample(
        seconds: 1, delivered: 40, dropped: [late: 1, full: 4], detections: 5, queueDepth: ["a": 1], rssMB: 71))
    let moments = line.moments
    #expect(moments.map(\.deliveredPerSecond) == [20, 60])
    #expect(moments[0].droppedPerSecond == [ProfileLoss(stage: "b", reason: "late", perSecond: 2)])
    #expect(moments[1].droppedPerSecond == [ProfileLoss(stage: "a", reason: "queue-oldest", perSecond: 8)])
    #expect(line.intervals.map(\.detectionsPerSecond) == [8, 2])
    #expect(moments.map(\.watts) == [5, nil])
    #expect(moments.map { $0.queueDepth["a"] } == [3, 1])
  }

  @Test(
    "given more samples than have room, then every other one goes, the beat stays steady, and no frame is lost from the sum"
  )
  func thinning() {
    var line = RunTimeline(limit: 10)
    for index in 0..<1000 { line.add(sample(index)) }
    line.add(sample(1000, delivered: 5000), isLast: true)
    #expect(line.samples.count <= 10)
    #expect(line.samples.last?.delivered == 5000)
    let times = line.samples.dropLast().map(\.seconds)
    let steps = zip(times, times.dropFirst()).map { $1 - $0 }
    #expect(Set(steps).count == 1, "\(steps)")
    var total = 0.0, before = 0.0
    for moment in line.moments {
      total += moment.deliveredPerSecond * (moment.seconds - before)
      before = moment.seconds
    }
    #expect(abs(total - 5000) < 1e-6)
  }

  @Test("given an end soon after a beat, then it is one moment with that beat; later it is one of its own")
  func end() {
    func line(endingAt end: Double) -> RunTimeline {
      var line = RunTimeline()
      for second in 1...3 { line.add(TimelineSample(seconds: Double(second), delivered: 10 * second)) }
      line.add(TimelineSample(seconds: end, delivered: 32), isLast: true)
      return line
    }
    // 2 frames in 10 ms are no 200 frames/s.
    #expect(line(endingAt: 3.01).samples.map(\.seconds) == [1, 2, 3.01])
    #expect(line(endingAt: 3.01).moments.last.map { abs($0.deliveredPerSecond - 12 / 1.01) < 1e-9 } == true)
    #expect(line(endingAt: 3.6).samples.map(\.seconds) == [1, 2, 3, 3.6])
  }

  @Test("given two samples of one moment, then the second says nothing of rates")
  func sameMoment() {
    var line = RunTimeline()
    line.add(TimelineSample(seconds: 1, delivered: 5))
    line.add(TimelineSample(seconds: 1, delivered: 6), isLast: true)
    #expect(line.moments.count == 1)
  }
}
