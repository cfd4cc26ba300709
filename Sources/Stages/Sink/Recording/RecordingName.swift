import EdgepipeCore

/// The names of a recording's files: the UTC time of its first picture, such as `20260101T000000.400Z.mp4`. Sorted by
/// name they are sorted by time.
enum RecordingName {
  static let video = "mp4", facts = "json", picture = "jpg"
  static let endings: Set<String> = [video, facts, picture]

  static func stem(_ time: WallTime) -> String { time.iso8601.filter { $0 != "-" && $0 != ":" } }

  /// The name without its ending, where it is one of ours.
  static func stem(ofFile name: String) -> String? {
    guard let dot = name.lastIndex(of: "."), endings.contains(String(name[name.index(after: dot)...])) else {
      return nil
    }
    let stem = String(name[..<dot])
    return time(ofStem: stem) == nil ? nil : stem
  }

  /// The time in a name, in seconds since 1970; nil where the name is somebody else's.
  static func time(ofStem stem: String) -> Int64? {
    let parts = stem.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.dropFirst().allSatisfy({ Int($0).map { $0 > 1 } ?? false }) else { return nil }
    let text = Array(parts[0].utf8)
    guard text.count == 20, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "."), text[19] == UInt8(ascii: "Z")
    else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      text[range].allSatisfy { (0x30...0x39).contains($0) } ? Int64(String(decoding: text[range], as: UTF8.self)) : nil
    }
    guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
      let minute = number(11..<13), let second = number(13..<15), number(16..<19) != nil, (1...12).contains(month),
      (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    return days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
  }

  /// Days from 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil), for years from 0.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year, era = (year + 400) / 400 - 1
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
