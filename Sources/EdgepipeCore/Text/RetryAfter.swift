package import Foundation

/// The time that a server asks to be left alone: seconds, or a date (RFC 9110, section 10.2.3).
package enum RetryAfter {
  /// - Returns: nil for what is neither; 0 for a date that has passed.
  package static func seconds(_ value: String, now: Date) -> Double? {
    if let seconds = Double(value) { return seconds.isFinite && seconds >= 0 ? seconds : nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: value).map { max(0, $0.timeIntervalSince(now)) }
  }
}
