/// Builds one line of JSON in a buffer that is used again and again: nothing is allocated once it has grown.
///
/// Commas and keys are the caller's; numbers are written as decimal fractions with a fixed limit of places, so that
/// neither NaN nor an exponent can appear.
struct JSONLineBuffer {
  private(set) var bytes: [UInt8] = []

  /// The largest magnitude that ``decimal(_:places:)`` writes: beyond it, places would not be exact.
  static let largestNumber = 1e12

  init() { bytes.reserveCapacity(4096) }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// JSON text as it stands: punctuation and keys.
  @inline(__always)
  mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// A JSON string with its quotes. RFC 8259, section 7: quotes, backslashes and control characters are escaped;
  /// everything else is written as UTF-8.
  mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: raw("\\n")
      case 0x0D: raw("\\r")
      case 0x09: raw("\\t")
      case 0..<0x20, 0x7F:
        raw("\\u00")
        bytes.append(Self.hexadecimal(byte >> 4))
        bytes.append(Self.hexadecimal(byte & 15))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func integer(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    digits(value.magnitude, minimum: 1)
  }

  /// `value` rounded to `places` (1...9) decimals; zeros at the end are left out except the first: `80.0`, `10.25`.
  ///
  /// Not-a-number becomes 0 and magnitudes above ``largestNumber`` are cut to it; callers leave such values out.
  mutating func decimal(_ value: Double, places: Int) {
    let places = min(9, max(1, places))
    var scale: UInt = 1
    for _ in 0..<places { scale *= 10 }
    // 1e12 x 1e9 does not fit into 64 bits; the limit shrinks with the places.
    let limit = min(Self.largestNumber, 9e18 / Double(scale))
    let bounded = value.isNaN ? 0 : min(limit, max(-limit, value))
    let scaled = UInt((bounded.magnitude * Double(scale)).rounded())
    fraction(isNegative: bounded < 0 && scaled > 0, scaled: scaled, scale: scale, places: places)
  }

  /// A count of nanoseconds as seconds with microseconds, exact.
  mutating func seconds(nanoseconds: Int64) {
    let microseconds = UInt((nanoseconds.magnitude + 500) / 1000)
    fraction(isNegative: nanoseconds < 0 && microseconds > 0, scaled: microseconds, scale: 1_000_000, places: 6)
  }

  /// A time on the wall clock as an ISO 8601 string in UTC with milliseconds: `"2026-01-01T00:00:00.400Z"`.
  mutating func timestamp(nanoseconds: Int64) {
    let milliseconds = Self.floorDivide(nanoseconds, 1_000_000)
    let days = Self.floorDivide(milliseconds, 86_400_000)
    let inDay = UInt(milliseconds - days * 86_400_000)
    let (year, month, day) = Self.civil(daysSince1970: days)
    bytes.append(UInt8(ascii: "\""))
    digits(UInt(max(0, year)), minimum: 4)
    bytes.append(UInt8(ascii: "-"))
    digits(UInt(month), minimum: 2)
    bytes.append(UInt8(ascii: "-"))
    digits(UInt(day), minimum: 2)
    bytes.append(UInt8(ascii: "T"))
    digits(inDay / 3_600_000, minimum: 2)
    bytes.append(UInt8(ascii: ":"))
    digits(inDay / 60_000 % 60, minimum: 2)
    bytes.append(UInt8(ascii: ":"))
    digits(inDay / 1000 % 60, minimum: 2)
    bytes.append(UInt8(ascii: "."))
    digits(inDay % 1000, minimum: 3)
    raw("Z\"")
  }

  private mutating func fraction(isNegative: Bool, scaled: UInt, scale: UInt, places: Int) {
    if isNegative { bytes.append(UInt8(ascii: "-")) }
    digits(scaled / scale, minimum: 1)
    bytes.append(UInt8(ascii: "."))
    var rest = scaled % scale
    var kept = places
    while kept > 1 && rest % 10 == 0 {
      rest /= 10
      kept -= 1
    }
    digits(rest, minimum: kept)
  }

  private mutating func digits(_ value: UInt, minimum: Int) {
    var divisor: UInt = 1
    var count = 1
    while count < minimum || value / divisor >= 10 {
      divisor *= 10
      count += 1
    }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }

  private static func hexadecimal(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }

  private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }

  /// The proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
  private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = days + 719_468
    let era = floorDivide(z, 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }
}
