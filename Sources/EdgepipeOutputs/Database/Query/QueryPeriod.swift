package import EdgepipeCore

/// The time that a question is about: from `since`, and before `until`.
package struct QueryPeriod: Sendable, Hashable {
  /// Milliseconds since 1970; nil: from the beginning.
  package var since: Int64?
  /// Nil: up to now.
  package var until: Int64?

  package init(since: Int64? = nil, until: Int64? = nil) {
    self.since = since
    self.until = until
  }

  /// - Parameters:
  ///   - date: `today`, `yesterday` or `2026-01-31`.
  ///   - since, until: a date, a date with a time, or how long ago, such as `90m`, `12h`, `7d`.
  /// - Throws: `invalidArgument` for what is no time.
  package init(date: String?, since: String?, until: String?, zone: QueryZone, now: WallTime)
    throws(PipelineError)
  {
    let milliseconds = now.milliseconds
    if let date {
      guard let (day, next) = Self.day(date, zone, milliseconds) else {
        throw Self.wrong("--date", date, "'today', 'yesterday' or a date such as 2026-01-31")
      }
      self.since = day
      self.until = next
      return
    }
    let example = "a time such as 2026-01-31, 2026-01-31T08:00, 90m, 12h or 7d (ago)"
    if let since {
      guard let time = Self.time(since, zone, milliseconds) else { throw Self.wrong("--since", since, example) }
      self.since = time
    }
    if let until {
      guard let time = Self.time(until, zone, milliseconds) else { throw Self.wrong("--until", until, example) }
      self.until = time
    }
    if let begin = self.since, let end = self.until, begin >= end {
      throw PipelineError(
        "--since (\(zone.text(begin))) is not before --until (\(zone.text(end)))", remedy: "exchange them",
        code: .invalidArgument)
    }
  }

  private static func wrong(_ option: String, _ text: String, _ remedy: String) -> PipelineError {
    PipelineError("\(option) \(Quoted.text(text)) is no time", remedy: "give \(remedy)", code: .invalidArgument)
  }

  private static func day(_ text: String, _ zone: QueryZone, _ now: Int64) -> (Int64, Int64)? {
    var moment: QueryZone.Moment
    switch text {
    case "today": moment = zone.day(now)
    case "yesterday":
      guard let today = zone.milliseconds(zone.day(now)) else { return nil }
      // Some hour of the day before, whatever clocks did in the night.
      moment = zone.day(today - 3_600_000)
    default:
      guard let date = date(text) else { return nil }
      moment = date
    }
    guard let begin = zone.milliseconds(moment) else { return nil }
    // Days have 23 to 25 hours.
    let next = zone.day(begin + 30 * 3_600_000)
    guard let end = zone.milliseconds(next) else { return nil }
    return (begin, end)
  }

  private static func time(_ text: String, _ zone: QueryZone, _ now: Int64) -> Int64? {
    if let ago = ago(text) { return now - ago }
    if let day = day(text, zone, now) { return day.0 }
    var zone = zone, text = text
    if text.hasSuffix("Z") {
      zone = .utc
      text.removeLast()
    }
    let halves = text.split(whereSeparator: { $0 == "T" || $0 == " " })
    guard halves.count == 2, var moment = date(String(halves[0])) else { return nil }
    let clock = halves[1].split(separator: ":", omittingEmptySubsequences: false).map { number(String($0), digits: 2) }
    guard (2...3).contains(clock.count), let hour = clock[0], let minute = clock[1] else { return nil }
    (moment.hour, moment.minute) = (hour, minute)
    if clock.count == 3 {
      guard let second = clock[2] else { return nil }
      moment.second = second
    }
    return zone.milliseconds(moment)
  }

  /// `12h` in milliseconds.
  private static func ago(_ text: String) -> Int64? {
    let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    else { return nil }
    return count * unit
  }

  private static func date(_ text: String) -> QueryZone.Moment? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let year = number(parts[0], digits: 4), let month = number(parts[1], digits: 2),
      let day = number(parts[2], digits: 2)
    else { return nil }
    return QueryZone.Moment(year: year, month: month, day: day)
  }

  private static func number(_ text: String, digits: Int) -> Int? {
    guard text.utf8.count == digits, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }
}
