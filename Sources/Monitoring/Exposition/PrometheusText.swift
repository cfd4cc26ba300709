import Pipeline

/// Writes metrics in Prometheus's text format, version 0.0.4.
///
/// `begin` a metric, then `add` its samples: they stand together and in the order in which they came, and a metric
/// without samples leaves nothing. The format: https://prometheus.io/docs/instrumenting/exposition_formats/.
struct PrometheusText: Sendable {
  /// The `Content-Type` of the text.
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// The upper bounds of the buckets, in seconds.
  static let bounds = LatencyHistogram.bounds.indices.map { number(Double(LatencyHistogram.bounds[$0]) / 1e9) }

  private(set) var text = ""
  private var metric: Metric?
  private var hasHeader = false

  /// - Parameter capacity: bytes that the text will likely have.
  init(capacity: Int = 0) { text.reserveCapacity(capacity) }

  /// The samples that follow are of `metric`.
  mutating func begin(_ metric: Metric) {
    self.metric = metric
    hasHeader = false
  }

  /// - Parameter labels: one value for each of the metric's labels.
  mutating func add(_ value: Double, _ labels: String...) { add(Self.number(value), labels) }

  /// - Parameter labels: one value for each of the metric's labels.
  mutating func add(_ value: Int, _ labels: String...) { add(String(value), labels) }

  /// Adds the series of a histogram: `_bucket` for each bound and for all, `_sum` and `_count`.
  mutating func add(_ histogram: LatencyHistogram, _ labels: String...) {
    guard let metric else { return }
    writeHeader(metric)
    let pairs = Self.pairs(metric.labels, labels)
    let prefix = "\(metric.name)_bucket{\(pairs)\(pairs.isEmpty ? "" : ",")le=\""
    for (bound, count) in zip(Self.bounds, histogram.countsUpToBounds) { text += "\(prefix)\(bound)\"} \(count)\n" }
    text += "\(prefix)+Inf\"} \(histogram.count)\n"
    let suffix = pairs.isEmpty ? "" : "{\(pairs)}"
    text += "\(metric.name)_sum\(suffix) \(Self.number(histogram.totalSeconds))\n"
    text += "\(metric.name)_count\(suffix) \(histogram.count)\n"
  }

  private mutating func add(_ value: String, _ labels: [String]) {
    guard let metric else { return }
    writeHeader(metric)
    text += metric.name
    if !labels.isEmpty { text += "{\(Self.pairs(metric.labels, labels))}" }
    text += " \(value)\n"
  }

  private mutating func writeHeader(_ metric: Metric) {
    if hasHeader { return }
    hasHeader = true
    text += "# HELP \(metric.name) \(Self.escaped(metric.help, quotes: false))\n"
    text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
  }

  private static func pairs(_ names: [String], _ values: [String]) -> String {
    assert(names.count == values.count, "a value for each label")
    return zip(names, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
  }

  /// Backslashes and line ends would end the line or the label early; in labels, quotes as well.
  static func escaped(_ text: String, quotes: Bool) -> String {
    func isPlain(_ byte: UInt8) -> Bool {
      byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "\n") && !(quotes && byte == UInt8(ascii: "\""))
    }
    if text.utf8.allSatisfy(isPlain) { return text }
    var result = ""
    // Scalars: a carriage return and a line feed are one character.
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += #"\\"#
      case "\n": result += #"\n"#
      case "\"" where quotes: result += #"\""#
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A number as Go's ParseFloat reads it.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int(exactly: value), abs(whole) < 1 << 53 { return String(whole) }
    return "\(value)"
  }
}
