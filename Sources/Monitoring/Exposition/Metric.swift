/// A metric as Prometheus sees it: what the lines `# HELP` and `# TYPE` say, and its labels.
struct Metric: Sendable, Hashable {
  enum Kind: String, Sendable {
    /// Only rises while the run goes on; its name ends in `_total`.
    case counter
    case gauge
    /// Durations in seconds, in the buckets of ``LatencyHistogram/bounds``.
    case histogram
  }

  /// Letters, digits and underscores, with the base unit at its end: seconds, bytes, joules, watts.
  let name: String
  let kind: Kind
  /// The names of the labels, in the order in which ``PrometheusText/add(_:_:)-(Double,_)`` takes their values.
  let labels: [String]
  /// One sentence.
  let help: String

  init(_ name: String, _ kind: Kind, labels: [String] = [], help: String) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.help = help
  }
}
