import EdgepipeMachine
import Foundation
import Measure
import Pipeline

/// What a profile prints: where the stages' time goes, what they cost, the run's account, and what limits it.
struct ProfileSummary {
  let profile: RunProfile
  /// What could not be measured, and why.
  let notes: [String]
  /// What was written beside the pipeline's own results.
  let files: [String]

  private var snapshot: PipelineRunner.Snapshot { profile.snapshot }

  var text: String {
    let run = RunSummary(snapshot: snapshot, outcome: profile.outcome)
    let lines =
      [time, "", cost, ""] + run.account + run.results + notes.map { "not known   \($0)" }
      + files.map { "written     \($0)" }
    return (lines + ["", limit]).joined(separator: "\n")
  }

  private var time: String {
    var table = Table(
      ["stage", "busy", "fps", "service p50 ms", "p95", "p99", "queue p50 ms", "p95", "p99", "dropped", "failed"],
      alignment: [.left] + Array(repeating: .right, count: 10))
    for stage in snapshot.stages {
      let values = stage.values
      var row = [name(stage), percent(snapshot.utilisation(of: stage))]
      row.append(number(Double(values.framesOut) / max(snapshot.elapsedSeconds, 1e-9), 1))
      row += percentiles(values.service)
      row += stage.role == .source ? ["-", "-", "-"] : percentiles(values.queueWait)
      row += ["\(values.droppedTotal)", "\(values.failed)"]
      table.add(row)
    }
    return table.text
  }

  /// The rows add up to the process's CPU time, and to the energy of the run.
  private var cost: String {
    let isCounted = snapshot.stages.contains { $0.instructionsPerFrame != nil }
    var header = ["stage", "CPU ms/frame", "CPU s", "share"]
    if isCounted { header += ["M instructions/frame", "instructions/cycle"] }
    var table = Table(header + ["J", "W"], alignment: [.left] + Array(repeating: .right, count: header.count + 1))
    let power = snapshot.power, seconds = power?.seconds ?? 0
    let inStages = snapshot.stages.reduce(0) { $0 + $1.cpuNanoseconds }
    let all = max(MachineInfo.processCPUNanoseconds, inStages)
    func add(_ name: String, frame: Double? = nil, cpu: Int64?, counted: [String] = ["-", "-"], joules: Double?) {
      var row = [name, frame.map { number($0, 2) } ?? "-"]
      row.append(cpu.map { number(Double($0) / 1e9, 2) } ?? "-")
      row.append(cpu.map { percent(Double($0) / Double(max(1, all))) } ?? "-")
      if isCounted { row += counted }
      row.append(joules.map { number($0, 2) } ?? "-")
      row.append(joules.map { number(seconds > 0 ? $0 / seconds : 0, 2) } ?? "-")
      table.add(row)
    }
    for stage in snapshot.stages {
      let rate = stage.instructionsPerFrame.flatMap { instructions in
        stage.cyclesPerFrame.map { $0 > 0 ? instructions / $0 : 0 }
      }
      add(
        name(stage), frame: stage.cpuMillisecondsPerFrame, cpu: stage.workingCPUNanoseconds,
        counted: [
          stage.instructionsPerFrame.map { number($0 / 1e6, 2) } ?? "-", rate.map { number($0, 2) } ?? "-",
        ], joules: power?.energy.stageJ[stage.id])
    }
    let loading = inStages - snapshot.stages.reduce(0) { $0 + $1.workingCPUNanoseconds }
    add("before the run", cpu: loading, joules: nil)
    add("other", cpu: all - inStages, joules: power?.energy.otherJ)
    if let power { add("idle", cpu: nil, joules: power.energy.idleJ) }
    add("total", cpu: all, joules: power?.energy.packageJ)
    return table.text
  }

  private var limit: String {
    let bottleneck = profile.bottleneck
    var table = Table(alignment: [.left, .left])
    table.add(["limit     ", bottleneck.headline])
    for (name, lines) in [("costs", bottleneck.costs), ("relief", bottleneck.reliefs)] {
      for (index, line) in lines.enumerated() { table.add([index == 0 ? name : "", line]) }
    }
    return table.text
  }

  private func name(_ stage: PipelineRunner.Snapshot.StageFigures) -> String {
    stage.workers > 1 ? "\(stage.id) x\(stage.workers)" : stage.id
  }

  private func percentiles(_ histogram: LatencyHistogram) -> [String] {
    [50.0, 95, 99].map { number(histogram.milliseconds(atPercentile: $0), 2) }
  }

  private func percent(_ share: Double) -> String { number(share * 100, 0) + " %" }

  private func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
