import EdgepipeCore
import Foundation

/// Where the marks of an axis stand, and what is written at them.
struct Ticks: Sendable, Equatable {
  /// Rising.
  let values: [Double]
  let labels: [String]

  /// Marks at 1, 2 or 5 times a power of ten, from the last one at or below `range` to the first one at or above it.
  ///
  /// After Heckbert, "Nice Numbers for Graph Labels" (Graphics Gems, 1990), with loose labels: the marks enclose the
  /// range. Of a range without extent, or one that is not finite, the marks are 0 and 1.
  ///
  /// - Parameter about: how many intervals are wanted.
  static func nice(_ range: ClosedRange<Double>, about: Int) -> Ticks {
    let extent = range.upperBound - range.lowerBound
    guard extent.isFinite, extent > 0, extent > abs(range.upperBound) * 1e-9, extent > 1e-200, about > 0 else {
      return Ticks(values: [0, 1], labels: ["0", "1"])
    }
    let step = niceStep(extent / Double(about))
    // A bound that is a multiple of the step but for rounding is one.
    let first = (range.lowerBound / step + 1e-9).rounded(.down)
    let last = (range.upperBound / step - 1e-9).rounded(.up)
    let values = (0...Int(last - first)).map { (first + Double($0)) * step }
    let decimals = max(0, Int((-log10(step)).rounded(.up)))
    return Ticks(values: values, labels: values.map { Figure.text($0, decimals: decimals) })
  }

  /// Marks at round times from 0 to at most `seconds`, the last of them with its unit: `0`, `20`, `40 s`.
  static func time(upTo seconds: Double, about: Int) -> Ticks {
    guard seconds.isFinite, seconds > 1e-6, seconds < 1e9, about > 0 else { return Ticks(values: [0], labels: ["0 s"]) }
    let wanted = seconds / Double(about)
    // A unit whose smallest step is near what is wanted.
    let (unit, name) = wanted < 40 ? (1.0, "s") : wanted < 2400 ? (60.0, "min") : (3600.0, "h")
    let inUnits = wanted / unit
    let power = pow(10, log10(inUnits).rounded(.down))
    let decade = [1, 2, 5, 10].map { $0 * power }
    let usual: [Double] = unit == 3600 ? [1, 2, 3, 6, 12, 24] : [1, 2, 5, 10, 15, 30, 60]
    let steps = inUnits < 0.5 || inUnits > 30 ? decade : usual
    let step = steps.first { $0 >= inUnits * 0.8 } ?? 10 * power
    let decimals = max(0, Int((-log10(step)).rounded(.up)))
    let count = Int((seconds / unit / step + 1e-9).rounded(.down))
    let values = (0...count).map { Double($0) * step }
    let labels = values.map { Figure.text($0, decimals: decimals) }
    return Ticks(values: values.map { $0 * unit }, labels: labels).withUnit(name)
  }

  /// The same marks with a unit after the last label.
  func withUnit(_ unit: String) -> Ticks {
    Ticks(values: values, labels: labels.dropLast() + labels.suffix(1).map { "\($0) \(unit)" })
  }

  /// Two marks for a low chart: 0, and a round number that is at least `highest`.
  static func ceiling(_ highest: Double) -> Ticks {
    guard highest.isFinite, highest > 1e-200 else { return Ticks(values: [0, 1], labels: ["0", "1"]) }
    let power = pow(10, log10(highest).rounded(.down))
    let top = ([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8].first { $0 * power >= highest * (1 - 1e-9) } ?? 10) * power
    return Ticks(values: [0, top], labels: ["0", Figure.setting(top)])
  }

  /// Of 1, 2, 5 and 10 times a power of ten the one that is near `value`: Heckbert's `nicenum` with rounding.
  static func niceStep(_ value: Double) -> Double {
    let power = pow(10, log10(value).rounded(.down))
    let fraction = value / power
    return (fraction < 1.5 ? 1 : fraction < 3 ? 2 : fraction < 7 ? 5 : 10) * power
  }
}

/// Puts values onto a length: 0 at the lower bound of the domain, 1 at the upper one.
struct LinearScale: Sendable, Equatable {
  let domain: ClosedRange<Double>

  /// A domain without extent is made one wide.
  init(_ domain: ClosedRange<Double>) {
    let isUsable = domain.lowerBound.isFinite && domain.upperBound.isFinite && domain.upperBound > domain.lowerBound
    let start = domain.lowerBound.isFinite ? domain.lowerBound : 0
    self.domain = isUsable ? domain : start...start + 1
  }

  /// From the first of the marks to the last one.
  init(_ ticks: Ticks) {
    self.init((ticks.values.first ?? 0)...max(ticks.values.first ?? 0, ticks.values.last ?? 1))
  }

  /// 0 to 1; values outside of the domain stand at its edge.
  func fraction(_ value: Double) -> Double {
    let share = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
    return share.isNaN ? 0 : min(max(share, 0), 1)
  }
}
