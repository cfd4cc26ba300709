import EdgepipeCore
import EdgepipeMachine
import Pipeline

/// The text of `/metrics`: the figures of a run at one instant, and what the process takes.
struct MetricsPage: Sendable {
  let version: String
  let pipeline: String
  /// With facts, so that the engine is named.
  let snapshot: PipelineRunner.Snapshot
  let process: ProcessFigures

  init(
    version: String, pipeline: String, snapshot: PipelineRunner.Snapshot, process: ProcessFigures = ProcessFigures()
  ) {
    self.version = version
    self.pipeline = pipeline
    self.snapshot = snapshot
    self.process = process
  }

  /// - Parameter capacity: bytes that the text will likely have.
  func text(capacity: Int = 0) -> String {
    var text = PrometheusText(capacity: capacity)
    writeRun(&text)
    writeStages(&text)
    writeRemote(&text)
    writeStreams(&text)
    writeLedger(&text)
    writeFaults(&text)
    writePower(&text)
    writeProcess(&text)
    return text.text
  }

  private func writeRun(_ text: inout PrometheusText) {
    text.begin(.buildInfo)
    text.add(1, version, snapshot.stages.lazy.compactMap(\.engine).first ?? "none")
    text.begin(.pipelineInfo)
    text.add(1, pipeline)
    text.begin(.runSeconds)
    text.add(snapshot.elapsedSeconds)
  }

  private func writeLedger(_ text: inout PrometheusText) {
    let ledger = snapshot.ledger
    text.begin(.admitted)
    text.add(ledger.admitted)
    text.begin(.delivered)
    text.add(ledger.delivered)
    text.begin(.dropped)
    for stage in snapshot.stages {
      let here = ledger.dropped.filter { $0.key.stage == stage.id }
      write(Dictionary(here.map { ($0.key.reason, $0.value) }, uniquingKeysWith: +), droppedBy: stage, &text)
    }
    text.begin(.failed)
    for stage in snapshot.stages { text.add(ledger.failed[stage.id] ?? 0, stage.id) }
    text.begin(.inFlight)
    text.add(ledger.inFlight)
    text.begin(.balanced)
    text.add(ledger.isBalanced ? 1 : 0)
  }

  /// One series for each reason; those that are known come first and are always there: a series that begins with 0
  /// shows the first drop as a rise.
  func write(
    _ dropped: [DropReason: Int], droppedBy stage: PipelineRunner.Snapshot.StageFigures, _ text: inout PrometheusText
  ) {
    let known: [DropReason] = stage.role == .source ? [.noCredit] : [.aborted, .late, .newest, .oldest]
    for reason in known + dropped.keys.filter({ !known.contains($0) }).sorted() {
      text.add(dropped[reason] ?? 0, stage.id, reason.rawValue)
    }
  }

  private func writePower(_ text: inout PrometheusText) {
    guard let power = snapshot.livePower else { return }
    text.begin(.powerWatts)
    if let watts = power.watts { text.add(watts, power.method.rawValue) }
    text.begin(.energyJoules)
    text.add(power.joules, power.method.rawValue)
    text.begin(.powerBudget)
    if let budget = power.budgetW { text.add(budget) }
  }

  private func writeProcess(_ text: inout PrometheusText) {
    func add(_ metric: Metric, _ value: Double?) {
      guard let value else { return }
      text.begin(metric)
      text.add(value)
    }
    add(.processCPU, process.cpuSeconds)
    add(.processResident, process.residentBytes.map { Double($0) })
    add(.processVirtual, process.virtualBytes.map { Double($0) })
    add(.processOpenFiles, process.openFiles.map { Double($0) })
    add(.processMaximumFiles, process.maximumFiles.map { Double($0) })
    add(.processThreads, process.threads.map { Double($0) })
    add(.processStart, process.startTime)
    add(.memoryLimit, process.memoryLimitBytes.map { Double($0) })
    add(.machineMemory, process.machineBytes.map { Double($0) })
    add(.machineAvailable, process.availableBytes.map { Double($0) })
  }
}

extension PipelineRunner.Snapshot.StageFigures {
  fileprivate var engine: String? {
    if case .string(let engine) = facts["engine"] { engine } else { nil }
  }
}
