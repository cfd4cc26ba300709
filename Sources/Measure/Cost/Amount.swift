import Foundation

/// Writes numbers for people: `1,234.50`.
package struct Amount: Sendable {
  /// Behind the decimal point.
  let digits: Int

  package init(digits: Int) { self.digits = digits }

  package func text(_ value: Double) -> String {
    let plain = String(format: "%.\(digits)f", abs(value))
    let parts = plain.split(separator: ".", maxSplits: 1)
    var whole = ""
    for (index, digit) in parts[0].reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { whole.append(",") }
      whole.append(digit)
    }
    // What rounds to nothing has no sign.
    let isNegative = value < 0 && plain.contains { $0 != "0" && $0 != "." }
    return (isNegative ? "-" : "") + String(whole.reversed()) + (parts.count > 1 ? "." + parts[1] : "")
  }

  /// `3 years`, `1 year`, `1.8 years`.
  package static func years(_ years: Double) -> String {
    let text = Amount(digits: years == years.rounded() ? 0 : 1).text(years)
    return text + (text == "1" || text == "1.0" ? " year" : " years")
  }

  /// A share as a percentage without needless digits: `8 %`, `7.5 %`.
  package static func percent(_ share: Double) -> String {
    let percent = (share * 1000).rounded() / 10
    return Amount(digits: percent == percent.rounded() ? 0 : 1).text(percent) + " %"
  }
}
