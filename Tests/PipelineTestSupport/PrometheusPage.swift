import Foundation

/// A page in Prometheus's text format, read strictly: anything that is not of the format is an error.
public struct PrometheusPage {
  public struct Malformed: Error { public let line: String }

  /// The series as written, such as `a_total{x="1"}`, in order.
  public private(set) var series: [String] = []
  private var values: [String: Double] = [:]
  /// By the metric's name.
  public private(set) var types: [String: String] = [:]

  public init(_ text: String) throws {
    let sample = /([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})?) (\S+)/
    let comment = /# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)/
    guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(line: "no line feed at the end") }
    // Line feeds alone end lines here; a carriage return before one would hide it as one character.
    for line in text.unicodeScalars.split(separator: "\n").map({ String($0) }) {
      if let match = try comment.wholeMatch(in: line) {
        if match.1 == "TYPE", types.updateValue(String(match.3), forKey: String(match.2)) != nil {
          throw Malformed(line: line)
        }
      } else if let match = try sample.wholeMatch(in: line), let value = Self.number(match.2) {
        let name = String(match.1)
        guard values.updateValue(value, forKey: name) == nil else { throw Malformed(line: "twice: \(line)") }
        series.append(name)
      } else {
        throw Malformed(line: line)
      }
    }
  }

  public subscript(series: String) -> Double? { values[series] }

  /// Whether a series only rises: a counter, or a part of a histogram.
  public func isCumulative(_ series: String) -> Bool {
    let name = String(series.prefix { $0 != "{" })
    if types[name] == "counter" { return true }
    return ["_bucket", "_sum", "_count"].contains { suffix in
      name.hasSuffix(suffix) && types[String(name.dropLast(suffix.count))] == "histogram"
    }
  }

  private static func number(_ text: Substring) -> Double? {
    switch text {
    case "NaN": .nan
    case "+Inf": .infinity
    case "-Inf": -.infinity
    default: Double(text)
    }
  }
}
