@testable import EdgepipeCore
import PipelineTestSupport
import Testing

@Suite("Thread census")
struct ThreadCensusTests {
  /// Spends CPU time until the calling thread has used `milliseconds` of it.
  private static func burn(milliseconds: Int64) {
    let end = SystemClock.threadCPUNanoseconds() + milliseconds * 1_000_000
    var x: UInt64 = 1
    while SystemClock.threadCPUNanoseconds() < end { x = x &* 6_364_136_223_846_793_005 &+ 1 }
  }

  @Test(
    "given a library that starts a thread, when adopted, then its CPU time counts with the stage, also after its end")
  func adoptsLibraryThreads() throws {
    let census = ThreadCensus()
    let step = Monitor(0)
    // A thread that nobody registers stands for one that a library starts.
    let thread = try census.adopt(stage: "decoder") {
      let thread = try WorkerThread(name: "library") {
        step.change { $0 = 1 }
        Self.burn(milliseconds: 20)
        step.change { $0 = 2 }
        _ = step.wait { $0 == 3 ? true : nil }
      }
      _ = step.wait { $0 >= 1 ? true : nil }
      return thread
    }
    _ = step.wait { $0 == 2 ? true : nil }
    #expect((census.cpuNanoseconds()["decoder"] ?? 0) >= 20_000_000)
    #expect((census.threadCounts()["decoder"] ?? 0) >= 1)

    census.sampleBeforeRelease(stage: "decoder")
    step.change { $0 = 3 }
    thread.join()
    #expect((census.cpuNanoseconds()["decoder"] ?? 0) >= 20_000_000, "what it had used stays counted")
  }

  @Test("given a registered thread, when it ends, then its last CPU time stays with its stage")
  func keepsTimeOfEndedThreads() throws {
    let census = ThreadCensus()
    let thread = try WorkerThread(name: "worker") {
      census.register(stage: "work")
      Self.burn(milliseconds: 10)
      census.unregister()
    }
    thread.join()
    #expect((census.cpuNanoseconds()["work"] ?? 0) >= 10_000_000)
    #expect(census.threadCounts()["work"] == nil)
  }
}
