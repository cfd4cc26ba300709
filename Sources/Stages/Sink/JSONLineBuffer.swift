package import EdgepipeCore

/// Builds one line of JSON in a buffer that is used again and again: nothing is allocated once it has grown.
///
/// Commas and keys are the caller's; numbers are written as decimal fractions with a fixed limit of places, so that
/// neither NaN nor an exponent can appear.
package struct JSONLineBuffer {
  package private(set) var bytes: [UInt8] = []

  /// The largest magnitude that ``decimal(_:places:)`` writes: beyond it, places would not be exact.
  static let largestNumber = 1e12

  package init() { bytes.reserveCapacity(4096) }

  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// JSON text as it stands: punctuation and keys.
  @inline(__always)
  package mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// A JSON string with its quotes. RFC 8259, section 7: quotes, backslashes and control characters are escaped;
  /// everything else is written as UTF-8.
  package mutating func string(_ text: String) {
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

  package mutating func integer(_ value: Int) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    digits(value.magnitude, minimum: 1)
  }

  /// `value` rounded to `places` (1...9) decimals; zeros at the end are left out except the first: `80.0`, `10.25`.
  ///
  /// Not-a-number becomes 0 and magnitudes above ``largestNumber`` are cut to it; callers leave such values out.
  package mutating func decimal(_ value: Double, places: Int) {
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
  package mutating func seconds(nanoseconds: Int64) {
    let microseconds = UInt((nanoseconds.magnitude + 500) / 1000)
    fraction(isNegative: nanoseconds < 0 && microseconds > 0, scaled: microseconds, scale: 1_000_000, places: 6)
  }

  /// A time on the wall clock as an ISO 8601 string in UTC with milliseconds: `"2026-01-01T00:00:00.400Z"`.
  package mutating func timestamp(_ time: WallTime) {
    bytes.append(UInt8(ascii: "\""))
    raw(time.iso8601)
    bytes.append(UInt8(ascii: "\""))
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
}
