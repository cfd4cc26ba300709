import EdgepipeCore
import Foundation
import Testing

@testable import EdgepipeOutputs

@Suite struct QueryPeriodTests {
  /// 2026-03-02T10:20:30Z.
  private let now = WallTime(nanoseconds: 1_772_446_830_000_000_000)

  private func period(_ date: String? = nil, since: String? = nil, until: String? = nil) throws -> QueryPeriod {
    try QueryPeriod(date: date, since: since, until: until, zone: .utc, now: now)
  }

  private func text(_ milliseconds: Int64?) -> String? { milliseconds.map { QueryZone.utc.iso8601($0) } }

  @Test(arguments: [
    ("today", "2026-03-02", "2026-03-03"), ("yesterday", "2026-03-01", "2026-03-02"),
    ("2024-02-29", "2024-02-29", "2024-03-01"), ("2025-12-31", "2025-12-31", "2026-01-01"),
  ])
  func `given a day when read then it is from its midnight to the next`(day: String, from: String, to: String) throws {
    let period = try period(day)
    #expect(text(period.since) == "\(from)T00:00:00.000Z" && text(period.until) == "\(to)T00:00:00.000Z")
  }

  @Test(arguments: [
    ("90m", "2026-03-02T08:50:30.000Z"), ("12h", "2026-03-01T22:20:30.000Z"), ("7d", "2026-02-23T10:20:30.000Z"),
    ("2026-01-31", "2026-01-31T00:00:00.000Z"), ("2026-01-31T08:05", "2026-01-31T08:05:00.000Z"),
    ("2026-01-31 08:05:09", "2026-01-31T08:05:09.000Z"), ("2026-01-31T08:05Z", "2026-01-31T08:05:00.000Z"),
    ("yesterday", "2026-03-01T00:00:00.000Z"),
  ])
  func `given a time when read then it is that instant`(written: String, expected: String) throws {
    #expect(text(try period(since: written).since) == expected)
  }

  @Test(arguments: [
    "", "tomorrow", "2026-02-29", "2026-13-01", "2026-1-1", "2026-01-31T24:00", "2026-01-31T8:00", "12", "12w", "-3h",
    "99999999999999999999d", "2026-01-31T08:00+01:00", "20260131",
  ])
  func `given what is no time when read then the error says what is one`(written: String) throws {
    let error = #expect(throws: PipelineError.self) { _ = try period(since: written) }
    #expect(error?.code == .invalidArgument && error?.description.contains("2026-01-31T08:00") == true)
  }

  @Test func `given an end before the begin when read then it is refused`() throws {
    #expect(throws: PipelineError.self) { _ = try period(since: "1h", until: "2h") }
    #expect(try period() == QueryPeriod())
  }

  @Test func `given local times when shown and read again then they are the same instants`() throws {
    for day in stride(from: 0 as Int64, to: 365, by: 1) {
      let milliseconds = 1_767_225_600_000 + day * 86_400_000 + 43_200_000
      let shown = QueryZone.local.text(milliseconds)
      let period = try QueryPeriod(date: nil, since: shown, until: nil, zone: .local, now: now)
      #expect(period.since == milliseconds, "\(shown)")
    }
  }
}
