import EdgepipeCore
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("How a run is told to drain")
struct DrainOrderTests {
  @Test("given a run that takes it, when it drains too long, then a signal asks and a later one ends it, once each")
  func signals() {
    let clock = ManualClock()
    var order = DrainOrder(clock.now(), waitS: 15), told = 0
    var due: [Int32?] = []
    for _ in 0..<60 {
      due.append(
        order.due(at: clock.now()) {
          told += 1
          return true
        })
      clock.advance(milliseconds: 1000)
    }
    #expect(told == 1)
    #expect(
      due.enumerated().compactMap { index, signal in signal.map { [Int32(index), $0] } } == [
        [15, SIGTERM], [30, SIGKILL],
      ])
  }

  @Test("given a run that does not answer yet, when told, then it is told again until it takes it")
  func again() {
    let clock = ManualClock()
    var order = DrainOrder(clock.now(), waitS: 15), told = 0
    for _ in 0..<10 {
      #expect(
        order.due(at: clock.now()) {
          told += 1
          return told == 4
        } == nil)
    }
    #expect(told == 4)
  }
}
