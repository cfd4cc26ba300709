import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite("Which clips there are to be")
struct ClipPlanTests {
  private func plan(before: Double = 5, after: Double = 5, longest: Double = 60) -> ClipPlan {
    ClipPlan(
      .init(
        before: MediaTime(seconds: before), after: MediaTime(seconds: after), longest: MediaTime(seconds: longest)))
  }

  private func at(_ seconds: Double, _ generation: Int = 0) -> StreamPlace {
    StreamPlace(generation: generation, time: MediaTime(seconds: seconds))
  }

  /// Whether an event begins a clip.
  private func expect(
    _ isNew: Bool, _ plan: inout ClipPlan, _ place: StreamPlace, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let found = plan.event(at: place).isNew
    #expect(found == isNew, sourceLocation: sourceLocation)
  }

  private func spans(_ plan: ClipPlan) -> [[Double]] { plan.clips.map { [$0.begin.seconds, $0.end.seconds] } }

  @Test("given events whose times overlap, when they come, then they share a clip")
  func shared() {
    var plan = plan()
    expect(true, &plan, at(100))
    expect(false, &plan, at(103))
    expect(false, &plan, at(112))
    #expect(spans(plan) == [[95, 117]])
  }

  @Test("given events apart, when they come, then each has its own clip, and the first can be closed")
  func apart() {
    var plan = plan()
    _ = plan.event(at: at(100))
    expect(true, &plan, at(110.5))
    #expect(spans(plan) == [[95, 105], [105.5, 115.5]])
    #expect(plan.clips.map(\.isSettled) == [true, false])
  }

  @Test("given a clip, when frames go on, then it can be closed once no event can overlap it any more")
  func settled() {
    var plan = plan()
    _ = plan.event(at: at(100))
    plan.frame(at: at(110))
    #expect(plan.clips.map(\.isSettled) == [false])
    plan.frame(at: at(110.1))
    #expect(plan.clips.map(\.isSettled) == [true])
  }

  @Test("given events without an end, when a clip is as long as it may be, then the next one goes on where it ends")
  func longest() {
    var plan = plan(longest: 20)
    var fresh = 0
    for second in 0..<50 where plan.event(at: at(100 + Double(second))).isNew { fresh += 1 }
    #expect(fresh == 3)
    #expect(spans(plan) == [[95, 115], [115, 135], [135, 154]])
    #expect(plan.clips.map(\.isLongest) == [true, true, false])
  }

  @Test("given a break of the stream, when an event comes after it, then it has a clip of its own")
  func broken() {
    var plan = plan()
    _ = plan.event(at: at(100, 0))
    expect(true, &plan, at(101, 1))
    #expect(plan.clips.map(\.generation) == [0, 1] && plan.clips.map(\.isSettled) == [true, false])
    #expect(spans(plan) == [[95, 105], [96, 106]])
  }

  @Test(
    "given a clip that was closed early, when an event comes that would have been in it, then it has its own, with its moment in it"
  )
  func closedEarly() {
    var plan = plan()
    let clip = plan.event(at: at(100)).clip
    plan.settle()
    plan.remove(clip.id)
    expect(true, &plan, at(104))
    #expect(spans(plan) == [[99, 109]])
    plan.settle()
    expect(true, &plan, at(111))
    #expect(spans(plan).last == [109, 116])
  }

  @Test(
    "given random events, when planned, then every event lies in its clip, clips overlap only where they must, and none is too long"
  )
  func random() {
    for seed in 0..<200 {
      var random = SinkFixture.Random(seed: UInt64(seed))
      let before = Double.random(in: 0...8, using: &random), after = Double.random(in: 0...8, using: &random)
      let longest = before + after + Double.random(in: 0.1...30, using: &random)
      var plan = plan(before: before, after: after, longest: longest)
      var time = 0.0, all: [Int: ClipPlan.Clip] = [:], events: [(Double, Int)] = []
      for _ in 0..<100 {
        time += Double.random(in: 0...(seed % 2 == 0 ? 3 : 12), using: &random)
        if Bool.random(using: &random) { events.append((time, plan.event(at: at(time)).clip.id)) }
        plan.frame(at: at(time))
        for clip in plan.clips { all[clip.id] = clip }
      }
      for (time, id) in events {
        let clip = all[id]
        let moment = MediaTime(seconds: time)
        #expect(clip.map { $0.begin <= moment && moment <= $0.end } ?? false)
      }
      let clips = all.values.sorted { $0.id < $1.id }
      for clip in clips {
        #expect(clip.end.nanoseconds - clip.begin.nanoseconds <= MediaTime(seconds: longest).nanoseconds)
      }
      for (a, b) in zip(clips, clips.dropFirst()) { #expect(a.end <= b.begin) }
    }
  }
}
