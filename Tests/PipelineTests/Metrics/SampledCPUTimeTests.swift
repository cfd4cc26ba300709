import Synchronization
import Testing

@testable import Pipeline

struct SampledCPUTimeTests {
  /// A CPU clock that goes on when told to, and counts how often it was read.
  private final class FakeCPU: Sendable {
    let nanoseconds = Atomic<Int64>(0)
    let reads = Atomic<Int>(0)

    func work(_ time: Int64) { nanoseconds.wrappingAdd(time, ordering: .relaxed) }

    var clock: @Sendable () -> Int64 {
      {
        self.reads.wrappingAdd(1, ordering: .relaxed)
        return self.nanoseconds.load(ordering: .relaxed)
      }
    }
  }

  @Test func `given occasions that cost the same, when summed, then the estimate is exact and most are not measured`() {
    let cpu = FakeCPU()
    var time = SampledCPUTime(clock: cpu.clock)
    for _ in 0..<1000 {
      time.begin()
      cpu.work(700)
      time.end()
      cpu.work(50_000)
    }
    #expect(time.nanoseconds == 700_000)
    #expect(cpu.reads.load(ordering: .relaxed) <= 1000 * 2 / 11 + 2)
  }

  @Test(arguments: [2, 3, 4, 6, 8, 16])
  func `given costs that go round with the streams, when summed, then every place is seen`(streams: Int) {
    let cpu = FakeCPU()
    var time = SampledCPUTime(clock: cpu.clock), truth: Int64 = 0
    for number in 0..<streams * 11 * 20 {
      let cost: Int64 = number % streams == 0 ? 10_000 : 1000
      time.begin()
      cpu.work(cost)
      time.end()
      truth += cost
    }
    #expect(abs(time.nanoseconds - truth) <= truth / 100)
  }

  @Test func `given an occasion that never ended, when the next begins, then it is not counted as one long one`() {
    let cpu = FakeCPU()
    var time = SampledCPUTime(clock: cpu.clock)
    for number in 0..<110 {
      time.begin()
      cpu.work(100)
      if number != 3 { time.end() }
      cpu.work(1_000_000)
    }
    #expect(time.nanoseconds == 11_000)
  }
}
