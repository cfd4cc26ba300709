import EdgepipeCore
import EdgepipeMachine
import Foundation
import Pipeline

/// What a run prints at its end: the stages, the account of all frames, and where the results are.
struct RunSummary {
  let snapshot: PipelineRunner.Snapshot
  let outcome: RunOutcome

  var text: String { ([stages, ""] + account + results).joined(separator: "\n") }

  private var stages: String {
    var table = Table(
      ["stage", "in", "out", "dropped", "fps", "p50 ms", "p95", "p99", "queue p95", "CPU ms/frame"],
      alignment: [.left] + Array(repeating: .right, count: 9))
    let wall = max(snapshot.elapsedSeconds, 1e-9)
    for stage in snapshot.stages {
      let values = stage.values, isSource = stage.role == .source
      table.add([
        stage.workers > 1 ? "\(stage.id) x\(stage.workers)" : stage.id,
        isSource ? "-" : "\(values.framesIn)", "\(values.framesOut)", losses(values),
        number(Double(values.framesOut) / wall, 1),
        number(values.service.milliseconds(atPercentile: 50), 2),
        number(values.service.milliseconds(atPercentile: 95), 2),
        number(values.service.milliseconds(atPercentile: 99), 2),
        isSource ? "-" : number(values.queueWait.milliseconds(atPercentile: 95), 2),
        number(stage.cpuMillisecondsPerFrame, 2),
      ])
    }
    return table.text
  }

  private func losses(_ values: StageMetrics.Values) -> String {
    var parts = values.dropped.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key.rawValue)" }
    if values.failed > 0 { parts.append("\(values.failed) failed") }
    return parts.isEmpty ? "0" : parts.joined(separator: ", ")
  }

  /// The account of all frames, time, memory and power.
  var account: [String] {
    let ledger = snapshot.ledger
    let wall = snapshot.elapsedSeconds
    let media = snapshot.streamFigures.map(\.values.position.seconds).max() ?? 0
    let isBalanced = ledger.isBalanced && snapshot.links.allSatisfy(\.isBalanced)
    var lines = [
      "frames      \(ledger.admitted) admitted = \(ledger.delivered) delivered + \(ledger.droppedTotal) dropped"
        + " + \(ledger.failedTotal) failed + \(ledger.inFlight) in flight" + (isBalanced ? "" : "  (DOES NOT BALANCE)"),
      "time        \(number(wall, 1)) s, \(number(Double(ledger.delivered) / max(wall, 1e-9), 1)) fps, "
        + "\(number(media / max(wall, 1e-9), 2)) x real time",
      "memory      \(number(MachineInfo.peakMemoryMB, 0)) MB peak",
    ]
    lines += power
    for (name, count) in counters { lines.append("\(pad(name))\(count)") }
    return lines
  }

  /// `6.1 W on average, 146 J, 0.29 J a frame (estimated: ...)`, then why nothing better could be read.
  private var power: [String] {
    guard let power = snapshot.power else { return [] }
    let frames = snapshot.ledger.delivered
    let each = frames > 0 ? ", \(significant(power.energy.packageJ / Double(frames))) J/frame" : ""
    var lines = [
      pad("power")
        + "\(number(power.meanW, 1)) W on average, \(significant(power.energy.packageJ)) J\(each) (\(power.source))"
    ]
    if let budget = power.budget, budget.isExceeded {
      lines.append(
        pad("") + "above the budget of \(number(budget.powerW, 1)) W: highest mean \(number(budget.highestMeanW, 1)) W")
    }
    return lines + power.notes.map { pad("") + "not used: \($0)" }
  }

  /// Three significant digits.
  private func significant(_ value: Double) -> String {
    number(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4)
  }

  private var counters: [(String, Int)] {
    snapshot.stages.flatMap { stage in
      stage.values.counters.sorted { $0.key < $1.key }.map {
        ("\(stage.id)", $0.value, $0.key.replacingOccurrences(of: "_", with: " "))
      }
    }.map { ("\($0.0): \($0.2) ", $0.1) }
  }

  /// What really ran, and where the results are.
  var results: [String] {
    snapshot.stages.flatMap { stage in [engine(of: stage)].compactMap { $0 } + outputs(of: stage) }
  }

  /// What really ran: `objects: yolox-nano (float32) on onnxruntime 1.31.1, 2 x 1 thread, input 416x256`.
  private func engine(of stage: PipelineRunner.Snapshot.StageFigures) -> String? {
    let facts = stage.facts
    guard let engine = facts["engine"]?.plain, let model = facts["model"]?.plain else { return nil }
    let precision = facts["precision"].map { " (\($0.plain))" } ?? ""
    let threads = facts["threads"]?.plain ?? "?"
    return pad("engine") + "\(stage.id): \(model)\(precision) on \(engine), \(stage.workers) x \(threads) "
      + (threads == "1" ? "thread" : "threads") + (facts["input_sizes"].map { ", input \($0.plain)" } ?? "")
  }

  private func outputs(of stage: PipelineRunner.Snapshot.StageFigures) -> [String] {
    let files = stage.facts["files"] ?? stage.facts["path"]
    guard stage.role == .sink, let files, files != .list([]) else { return [] }
    return [pad("written") + files.plain]
  }

  private func pad(_ name: String) -> String {
    name.padding(toLength: max(12, name.count), withPad: " ", startingAt: 0)
  }

  private func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

extension ReportValue {
  /// The value on one line, for people.
  var plain: String {
    switch self {
    case .string(let value): value
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .bool(let value): value ? "yes" : "no"
    case .null: "-"
    case .list(let values): values.map(\.plain).joined(separator: ", ")
    case .object(let values):
      values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.plain)" }.joined(separator: ", ")
    }
  }
}
