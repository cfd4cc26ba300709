@testable import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Pipeline

@Suite("Latency histogram")
struct LatencyHistogramTests {
  @Test(
    "given random durations, when percentiles are read, then they are within 0.1 % of the exact ones",
    arguments: [UInt64](1...5))
  func percentiles(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var histogram = LatencyHistogram()
    // Six decades, as stages have them: from a microsecond to a second.
    let samples = (0..<5000).map { _ in Int64(pow(10, Double.random(in: 3...9, using: &random))) }
    for sample in samples { histogram.record(nanoseconds: sample) }
    let sorted = samples.sorted()
    for percent in [50.0, 95, 99] {
      let exact = Double(sorted[Int((percent / 100 * 5000).rounded(.up)) - 1]) / 1e6
      #expect(abs(histogram.milliseconds(atPercentile: percent) - exact) <= exact * 0.001 + 1e-6)
    }
    #expect(histogram.maximumNanoseconds == sorted.last)
  }

  @Test(
    "given random durations and the bounds themselves, when counted up to each bound, then the counts are exact",
    arguments: [UInt64](1...5))
  func countsUpToBounds(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let bounds = LatencyHistogram.bounds.indices.map { LatencyHistogram.bounds[$0] }
    var samples = (0..<5000).map { _ in Int64(pow(10, Double.random(in: 3...11, using: &random))) }
    samples += bounds + bounds.map { $0 + 1 } + [0]
    var histogram = LatencyHistogram()
    for sample in samples { histogram.record(nanoseconds: sample) }
    #expect(histogram.countsUpToBounds == bounds.map { bound in samples.count { $0 <= bound } })
    #expect(histogram.count == samples.count)
    #expect(abs(histogram.totalSeconds - samples.reduce(0.0) { $0 + Double($1) } / 1e9) < 1e-6)
  }

  @Test("given the samples of two histograms, when merged, then it is as if one had recorded them all")
  func merge() {
    var random = SplitMix64(seed: 7)
    var first = LatencyHistogram(), second = LatencyHistogram(), both = LatencyHistogram()
    for index in 0..<2000 {
      let sample = Int64.random(in: 0...5_000_000_000, using: &random)
      if index.isMultiple(of: 3) { first.record(nanoseconds: sample) } else { second.record(nanoseconds: sample) }
      both.record(nanoseconds: sample)
    }
    first.merge(second)
    #expect(first.count == 2000)
    #expect(first.maximumNanoseconds == both.maximumNanoseconds)
    // The sums are added in another order.
    #expect(abs(first.totalSeconds - both.totalSeconds) < 1e-6)
    for percent in [1.0, 50, 95, 99, 100] {
      #expect(first.milliseconds(atPercentile: percent) == both.milliseconds(atPercentile: percent))
    }
    #expect(first.countsUpToBounds == both.countsUpToBounds)
  }

  @Test("given no samples, when read, then everything is 0")
  func empty() {
    #expect(LatencyHistogram().milliseconds(atPercentile: 99) == 0)
    #expect(LatencyHistogram().meanMilliseconds == 0)
  }
}

@Suite("Run report")
struct RunReportTests {
  @Test("given a finished run, when reported, then the stable keys are there and the figures agree with the ledger")
  func stableKeys() throws {
    let out = Collector()
    let (outcome, figures) = try run([.source("in", count: 20), .sink("out", after: ["in"], into: out)])
    let text = try RunReport(pipeline: "p", snapshot: figures, outcome: outcome, version: "0").root.json()
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    for key in [
      "pipeline", "machine", "engine", "models", "wall_s", "realtime_factor", "peak_rss_mb", "stages", "ledger",
    ] {
      #expect(root[key] != nil, "\(key)")
    }
    #expect((root["power"] as? [String: Any])?["method"] != nil)
    let ledger = try #require(root["ledger"] as? [String: Any])
    #expect(ledger["admitted"] as? Int == 20)
    #expect(ledger["delivered"] as? Int == 20)
    #expect(ledger["balanced"] as? Bool == true)
    let stage = try #require((root["stages"] as? [String: Any])?["out"] as? [String: Any])
    for key in [
      "in", "out", "dropped", "failed", "fps", "service_ms", "queue_ms", "cpu_ms_per_frame", "energy_j", "power_w",
    ] {
      #expect(stage[key] != nil, "\(key)")
    }
    #expect((stage["service_ms"] as? [String: Any])?["count"] as? Int == 20)
  }
}
