import Foundation

/// Numbers as people read them. What is not a number, or so large that it is no quantity of anything, is shown as a dash.
package enum Figure {
  package static let none = "–"

  /// Three significant digits at most, and all digits before the point: `0.012`, `1.25`, `48.1`, `1,250`.
  ///
  /// - Parameter finest: digits after the point at most. What is there but rounds to nothing is `<0.001`.
  package static func text(_ value: Double, finest: Int = 3) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return none }
    let size = abs(value)
    if size == 0 { return "0" }
    // The bounds are those from which on rounding gives one more digit before the point.
    let decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 ? 2 : 3
    let rounded = text(value, decimals: min(decimals, finest))
    guard !rounded.contains(where: { ("1"..."9").contains($0) }) else { return rounded }
    return value > 0 ? "<" + text(pow(10, -Double(finest)), decimals: finest) : "0"
  }

  /// A value that a person has set: as ``text(_:finest:)``, without zeros at the end.
  package static func setting(_ value: Double) -> String {
    let text = text(value)
    guard text.contains(".") else { return text }
    let short = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(short.reversed())
  }

  /// With that many digits after the point, and commas between thousands.
  package static func text(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return none }
    let plain = String(format: "%.\(max(0, decimals))f", abs(value))
    let parts = plain.split(separator: ".", maxSplits: 1)
    let whole = grouped(String(parts[0]))
    let isZero = !plain.contains { ("1"..."9").contains($0) }
    return (value < 0 && !isZero ? "-" : "") + (parts.count > 1 ? "\(whole).\(parts[1])" : whole)
  }

  package static func count(_ value: Int) -> String { (value < 0 ? "-" : "") + grouped(String(value.magnitude)) }

  /// A share of 1 as a percentage: `87 %`; `<1 %` for what is there but rounds to nothing.
  package static func percent(_ share: Double) -> String {
    guard share.isFinite else { return none }
    let percent = (share * 100).rounded()
    if share > 0, percent == 0 { return "<1 %" }
    // What is not all of it is never shown as all of it.
    if share < 1, percent == 100 { return ">99 %" }
    return text(percent, decimals: 0) + " %"
  }

  /// With the prefixes of SI for large numbers: `950`, `12.4 k`, `3.10 M`, `5.00 G`.
  package static func scaled(_ value: Double) -> String {
    guard value.isFinite else { return none }
    for (limit, prefix) in [(999.5e9, "T"), (999.5e6, "G"), (999.5e3, "M"), (999.5, "k")] where abs(value) >= limit {
      return text(value / (limit / 999.5 * 1000)) + " " + prefix
    }
    return text(value)
  }

  /// `45.2 s`, `3 min 20 s`, `2 h 05 min`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return none }
    if seconds < 119.5 { return text(seconds) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
    let minutes = Int((seconds / 60).rounded())
    return "\(count(minutes / 60)) h \(padded(minutes % 60)) min"
  }

  /// At most `limit` characters, the last of them an ellipsis where something was cut off.
  package static func clipped(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(max(0, limit - 1)) + "…"
  }

  /// A coordinate of a drawing, to a hundredth, never in scientific notation.
  package static func coordinate(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e9 else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = abs(hundredths).quotientAndRemainder(dividingBy: 100)
    let fraction = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : ".\(padded(rest))"
    return (hundredths < 0 ? "-" : "") + "\(whole)" + fraction
  }

  private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  private static func grouped(_ digits: String) -> String {
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { result.append(",") }
      result.append(digit)
    }
    return result
  }
}
