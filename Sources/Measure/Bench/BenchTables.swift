import Detectors
import EdgepipeCore
import EdgepipeMachine
import Foundation

/// A benchmark as tables for people: headers and cells, to be laid out for a terminal or as Markdown.
package struct BenchTables: Sendable {
  package struct Part: Sendable {
    package let header: [String]
    /// For each column, whether it holds numbers.
    package let isNumeric: [Bool]
    package let rows: [[String]]
  }

  package let latency: Part
  /// Rate, energy, processor, memory.
  package let cost: Part
  /// Configurations that cannot run, each with its reason.
  package let unsupported: [String]
  /// What the figures are of, one sentence a line.
  package let remarks: [String]
  /// Why they may be wrong.
  package let warnings: [String]

  package init(_ result: BenchResult, facts: BenchFacts) {
    let figures = result.rows.map { BenchFigures($0, cores: result.cores) }
    let measured = zip(result.rows, figures).compactMap { row, figures in figures.map { (row.configuration, $0) } }
    let names = Names(result.rows.map(\.configuration))
    latency = Self.part(
      names, measured, ["p50 ms", "+-", "SE", "p90", "p95", "p99", "max", "ES p90", "ES p99", "outliers"], Self.latency)
    cost = Self.part(
      names, measured,
      ["pictures/s", "+-", "J/picture", "W", "CPU ms", "cores", "MB before", "running", "peak", "after", "load ms"],
      Self.cost)
    unsupported = result.rows.compactMap { row in
      row.failure.map { "\(row.configuration.label): \($0.description)" }
    }
    remarks = Self.remarks(result, facts)
    warnings = BenchNoise(result, figures: figures).warnings
  }

  /// The columns that name a configuration: threads and workers only where they are not 1 throughout.
  private struct Names {
    let hasThreads: Bool
    let hasWorkers: Bool

    init(_ configurations: [BenchConfiguration]) {
      hasThreads = configurations.contains { $0.threads > 1 }
      hasWorkers = configurations.contains { $0.workers > 1 }
    }

    var header: [String] { ["input", "batch"] + (hasThreads ? ["threads"] : []) + (hasWorkers ? ["workers"] : []) }

    func cells(_ configuration: BenchConfiguration) -> [String] {
      ["\(configuration.width)x\(configuration.height)", "\(configuration.batch)"]
        + (hasThreads ? ["\(configuration.threads)"] : []) + (hasWorkers ? ["\(configuration.workers)"] : [])
    }
  }

  private static func part(
    _ names: Names, _ measured: [(BenchConfiguration, BenchFigures)], _ columns: [String],
    _ cells: (BenchFigures) -> [String]
  ) -> Part {
    Part(
      header: names.header + columns,
      isNumeric: [false] + Array(repeating: true, count: names.header.count - 1 + columns.count),
      rows: measured.map { names.cells($0) + cells($1) })
  }

  private static func latency(_ figures: BenchFigures) -> [String] {
    let latency = figures.latency
    return [
      number(latency.median, 2), margin(figures.p50, 2),
      figures.p50?.relativeStandardError.map { number($0 * 100, 1) + " %" } ?? "-", number(latency.quantile(0.9), 2),
      number(latency.quantile(0.95), 2), number(latency.quantile(0.99), 2), number(latency.maximum, 2),
      number(figures.earlyStopping90?.estimate, 2), number(figures.earlyStopping99?.estimate, 2),
      "\(figures.outliers.count)",
    ]
  }

  private static func cost(_ figures: BenchFigures) -> [String] {
    let memory = figures.memory
    return [
      number(figures.picturesPerSecond, 1), margin(figures.rate, 1), number(figures.joulesPerPicture, 4),
      number(figures.watts, 1), number(figures.cpuMsPerInference, 2), number(figures.busyCores, 2),
      number(memory?.beforeMB, 0), number(memory?.runningMB, 0), number(memory?.peakMB, 0), number(memory?.afterMB, 0),
      number(figures.loadMs, 0),
    ]
  }

  private static func remarks(_ result: BenchResult, _ facts: BenchFacts) -> [String] {
    let settings = result.settings, machine = MachineInfo.current, power = result.power
    let method = power.meter.method
    let meter =
      method.isEstimate
      ? "estimated by the profile \(power.profile.name)" : "measured with \(method.rawValue), \(power.meter.name)"
    var list = [
      "\(facts.manifest.name) (\(facts.manifest.precision)) on \(facts.engine), \(machine.processor), "
        + "\(result.cores) cores",
      "measured: \(facts.measured); input: \(facts.fed)",
      "\(settings.repeats) interleaved repeats of \(settings.runs) runs (\(settings.batches) for larger batches), "
        + "after \(settings.warmUps) warm-ups",
      "+-: 95 % interval over the repeats; SE: standard error of the median; ES: early-stopping estimate; "
        + "outliers are included",
      "energy \(meter), idle power included; peak memory "
        + (result.peakIsKernels ? "from the kernel" : "sampled every 20 ms"),
    ]
    list += facts.notes
    if result.wasStopped { list.append("stopped early: the figures cover what was measured until then") }
    return list
  }

  private static func margin(_ sample: Sample?, _ digits: Int) -> String {
    number(sample.flatMap { ConfidenceInterval($0) }?.margin, digits)
  }

  private static func number(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "-"
  }
}

extension BenchTables {
  /// A section of a Markdown document.
  package var markdown: String {
    var parts = ["## \(remarks.first ?? "")", Self.markdown(latency), Self.markdown(cost)]
    parts.append(remarks.dropFirst().map { "- \($0)" }.joined(separator: "\n"))
    for (title, lines) in [("Not measured", unsupported), ("Warnings", warnings)] where !lines.isEmpty {
      parts.append("\(title):\n\n" + lines.map { "- \($0)" }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func markdown(_ part: Part) -> String {
    func line(_ cells: [String]) -> String {
      "| " + cells.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    let rule = "|" + part.isNumeric.map { $0 ? "---:|" : "---|" }.joined()
    return ([line(part.header), rule] + part.rows.map(line)).joined(separator: "\n")
  }
}
