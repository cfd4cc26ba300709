@testable import Pipeline
import PipelineTestSupport
import Testing

@testable import Monitoring

@Suite("Prometheus's text format")
struct PrometheusTextTests {
  private let gauge = Metric("a_gauge", .gauge, labels: ["x"], help: "One.")

  @Test("given samples, when written, then help and type come once, before them, and in the order of the calls")
  func order() {
    var text = PrometheusText()
    text.begin(Metric("b_total", .counter, help: "Two."))
    text.add(3)
    text.begin(gauge)
    text.add(2, "z")
    text.add(0.5, "a")
    #expect(
      text.text == """
        # HELP b_total Two.
        # TYPE b_total counter
        b_total 3
        # HELP a_gauge One.
        # TYPE a_gauge gauge
        a_gauge{x="z"} 2
        a_gauge{x="a"} 0.5

        """)
  }

  @Test("given a metric without samples, when written, then nothing is left of it")
  func empty() {
    var text = PrometheusText()
    text.begin(gauge)
    #expect(text.text == "")
  }

  @Test("given backslashes, quotes and line ends, when written, then each line stays one line")
  func escaping() {
    var text = PrometheusText()
    text.begin(Metric("a", .gauge, labels: ["x", "y"], help: "say \"a\\b\"\nor not"))
    text.add(1, "q\"b\\n\nc\r\nd", "größe 🎥")
    #expect(
      text.text == #"""
        # HELP a say "a\\b"\nor not
        # TYPE a gauge
        a{x="q\"b\\n\nc
        """# + "\r" + #"\nd",y="größe 🎥"} 1"# + "\n")
    // The format's own line end is the line feed alone; a carriage return is a character like others.
    #expect(text.text.utf8.count { $0 == UInt8(ascii: "\n") } == 3)
  }

  @Test(
    "given a number, when written, then Go's ParseFloat reads the same one",
    arguments: [
      (0, "0"), (-0.0, "0"), (1, "1"), (-12, "-12"), (0.1, "0.1"), (1e-9, "1e-09"), (1_760_000_000.25, "1760000000.25"),
      (9_007_199_254_740_991, "9007199254740991"), (1e300, "1e+300"), (.nan, "NaN"), (.infinity, "+Inf"),
      (-.infinity, "-Inf"), (5e-324, "5e-324"),
    ] as [(Double, String)])
  func numbers(value: Double, text: String) {
    #expect(PrometheusText.number(value) == text)
    if value.isFinite { #expect(Double(text) == value) }
  }

  @Test("given durations, when written as a histogram, then buckets are cumulative, in seconds, and end with all")
  func histogram() {
    var durations = LatencyHistogram()
    // 0.5 ms, exactly 1 ms, 40 ms twice, 20 s.
    for nanoseconds: Int64 in [500_000, 1_000_000, 40_000_000, 40_000_000, 20_000_000_000] {
      durations.record(nanoseconds: nanoseconds)
    }
    var text = PrometheusText()
    text.begin(Metric("d_seconds", .histogram, labels: ["stage"], help: "Durations."))
    text.add(durations, "a\"b")
    let lines = text.text.split(separator: "\n")
    #expect(lines[0] == "# HELP d_seconds Durations.")
    #expect(lines[1] == "# TYPE d_seconds histogram")
    #expect(lines[2] == #"d_seconds_bucket{stage="a\"b",le="0.001"} 2"#)
    #expect(lines.contains(#"d_seconds_bucket{stage="a\"b",le="0.035"} 2"#))
    #expect(lines.contains(#"d_seconds_bucket{stage="a\"b",le="0.05"} 4"#))
    #expect(lines.contains(#"d_seconds_bucket{stage="a\"b",le="10"} 4"#))
    #expect(
      lines.suffix(3) == [
        #"d_seconds_bucket{stage="a\"b",le="+Inf"} 5"#, #"d_seconds_sum{stage="a\"b"} 20.0815"#,
        #"d_seconds_count{stage="a\"b"} 5"#,
      ])
  }

  @Test("given a histogram without labels and samples, when written, then all its series are there with 0")
  func emptyHistogram() {
    var text = PrometheusText()
    text.begin(Metric("d_seconds", .histogram, help: "Durations."))
    text.add(LatencyHistogram())
    #expect(text.text.contains("\nd_seconds_bucket{le=\"0.001\"} 0\n"))
    #expect(text.text.hasSuffix("\nd_seconds_bucket{le=\"+Inf\"} 0\nd_seconds_sum 0\nd_seconds_count 0\n"))
  }

  @Test(
    "given the bucket bounds, when read, then they rise from 1 ms to 10 s, and the real-time targets are among them")
  func bounds() {
    let bounds = PrometheusText.bounds.compactMap { Double($0) }
    #expect(bounds == bounds.sorted() && Set(bounds).count == PrometheusText.bounds.count)
    #expect(bounds.first == 0.001 && bounds.last == 10)
    for target in [0.01, 0.02, 0.05, 0.1] { #expect(bounds.contains(target)) }
  }
}

@Suite("Metrics")
struct MetricTests {
  @Test("given all metrics, when read, then names and labels are valid, unique and follow the conventions")
  func conventions() throws {
    let name = /[a-z_][a-z0-9_]*/
    #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    for metric in Metric.all {
      #expect(try name.wholeMatch(in: metric.name) != nil, "\(metric.name)")
      #expect(metric.name.hasPrefix("edgepipe_") || metric.name.hasPrefix("process_"))
      #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
      #expect(metric.kind != .histogram || metric.name.hasSuffix("_seconds"), "\(metric.name)")
      #expect(metric.help.hasSuffix("."), "\(metric.name)")
      #expect(!metric.labels.contains("le"))
      for label in metric.labels { #expect(try name.wholeMatch(in: label) != nil, "\(label)") }
    }
  }
}
