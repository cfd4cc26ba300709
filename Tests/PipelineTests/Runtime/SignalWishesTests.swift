@testable import EdgepipeCore
import Glibc
import PipelineTestSupport
import Testing

@testable import Pipeline

@Suite struct SignalWishesTests {
  struct Row: Sendable {
    /// Each with the milliseconds at which it comes.
    let signals: [(number: Int32, at: Double)]
    let meanings: [SignalWishes.Meaning]
  }

  private static let rows: [Row] = [
    Row(signals: [(SIGTERM, 0)], meanings: [.end]),
    // What `timeout` sends to the process and then to its group.
    Row(signals: [(SIGTERM, 0), (SIGTERM, 0)], meanings: [.end, .same]),
    Row(signals: [(SIGINT, 0), (SIGTERM, 500), (SIGINT, 999)], meanings: [.end, .same, .same]),
    // The end of a session.
    Row(signals: [(SIGHUP, 0), (SIGTERM, 100)], meanings: [.end, .same]),
    Row(signals: [(SIGTERM, 0), (SIGTERM, 1000)], meanings: [.end, .endAtOnce]),
    Row(signals: [(SIGINT, 0), (SIGINT, 200), (SIGINT, 1200)], meanings: [.end, .same, .endAtOnce]),
    Row(signals: [(SIGHUP, 0), (SIGTERM, 90_000)], meanings: [.end, .endAtOnce]),
    // The limit on processor time comes again every second.
    Row(
      signals: [(SIGXCPU, 0), (SIGXCPU, 1000), (SIGXCPU, 2000), (SIGTERM, 2500)],
      meanings: [.end, .same, .same, .endAtOnce]),
  ]

  @Test(arguments: rows.indices)
  func `given signals, when they come, then what follows within a second of the first is the same wish`(row: Int) {
    let clock = ManualClock()
    let start = clock.now()
    var wishes = SignalWishes()
    let found = Self.rows[row].signals.map {
      wishes.receive($0.number, at: start.advanced(byMilliseconds: $0.at))
    }
    #expect(found == Self.rows[row].meanings)
  }
}
