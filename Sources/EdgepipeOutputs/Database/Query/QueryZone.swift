import EdgepipeCore
import Glibc

/// The clock by which a query reads and shows times: this machine's, or UTC.
package enum QueryZone: Sendable {
  case local
  case utc

  /// A day and a time of it, on this clock.
  struct Moment: Hashable {
    var year: Int
    var month: Int
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0
  }

  /// Milliseconds since 1970 as people read them: `2026-01-31 14:05:09`.
  func text(_ milliseconds: Int64) -> String {
    let (date, _) = parts(milliseconds)
    return "\(Self.pad(date.year, 4))-\(Self.pad(date.month, 2))-\(Self.pad(date.day, 2)) "
      + "\(Self.pad(date.hour, 2)):\(Self.pad(date.minute, 2)):\(Self.pad(date.second, 2))"
  }

  /// Milliseconds since 1970 as programs read them, ISO 8601 with the distance to UTC: `2026-01-31T14:05:09.040+01:00`.
  func iso8601(_ milliseconds: Int64) -> String {
    let (date, offset) = parts(milliseconds)
    let rest = ((milliseconds % 1000) + 1000) % 1000, minutes = abs(offset) / 60
    let zone =
      self == .utc ? "Z" : "\(offset < 0 ? "-" : "+")\(Self.pad(minutes / 60, 2)):\(Self.pad(minutes % 60, 2))"
    return "\(Self.pad(date.year, 4))-\(Self.pad(date.month, 2))-\(Self.pad(date.day, 2))"
      + "T\(Self.pad(date.hour, 2)):\(Self.pad(date.minute, 2)):\(Self.pad(date.second, 2)).\(Self.pad(Int(rest), 3))\(zone)"
  }

  /// The moment in milliseconds since 1970; nil where the calendar has no such day or time.
  func milliseconds(_ moment: Moment) -> Int64? {
    guard (1970...9999).contains(moment.year), (1...12).contains(moment.month), (1...31).contains(moment.day),
      (0...23).contains(moment.hour), (0...59).contains(moment.minute), (0...60).contains(moment.second)
    else { return nil }
    // SAFETY: all fields are numbers but for the zone's name, which nobody reads; both calls read and fill this one tm.
    var fields = unsafe tm()
    unsafe fields.tm_year = Int32(moment.year - 1900)
    unsafe fields.tm_mon = Int32(moment.month - 1)
    unsafe fields.tm_mday = Int32(moment.day)
    unsafe fields.tm_hour = Int32(moment.hour)
    unsafe fields.tm_min = Int32(moment.minute)
    unsafe fields.tm_sec = Int32(moment.second)
    unsafe fields.tm_isdst = -1
    let seconds = unsafe self == .utc ? timegm(&fields) : mktime(&fields)
    // The calls turn the 31st of a short month into the next month's first.
    guard unsafe fields.tm_mday == Int32(moment.day), unsafe fields.tm_mon == Int32(moment.month - 1) else {
      return nil
    }
    return Int64(seconds) * 1000
  }

  /// The day on which something was, as a moment at its beginning.
  func day(_ milliseconds: Int64) -> Moment {
    var date = parts(milliseconds).date
    (date.hour, date.minute, date.second) = (0, 0, 0)
    return date
  }

  private func parts(_ milliseconds: Int64) -> (date: Moment, offset: Int) {
    var seconds = time_t(milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0))
    // SAFETY: both calls read one time and fill one tm, which outlive them; the zone's name is not read.
    var fields = unsafe tm()
    _ = unsafe self == .utc ? gmtime_r(&seconds, &fields) : localtime_r(&seconds, &fields)
    let date = unsafe Moment(
      year: Int(fields.tm_year) + 1900, month: Int(fields.tm_mon) + 1, day: Int(fields.tm_mday),
      hour: Int(fields.tm_hour), minute: Int(fields.tm_min), second: Int(fields.tm_sec))
    return (date, unsafe Int(fields.tm_gmtoff))
  }

  private static func pad(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
