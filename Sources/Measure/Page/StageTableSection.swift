import EdgepipeCore
import Pipeline

/// All figures of the stages.
struct StageTableSection {
  let content: ProfileContent

  var markup: Markup {
    """
    <section aria-labelledby="stages">
    <h2 id="stages">Stages</h2>
    \(content.stages.isEmpty ? "<p class=\"nothing\">The pipeline has no stages.</p>" : table.markup)
    </section>
    """
  }

  private var hasInstructions: Bool { content.stages.contains { $0.instructionsPerFrame != nil } }
  private var hasEnergy: Bool { content.stages.contains { $0.energyJ != nil } }

  private var table: DataTable {
    var headings = ["workers", "in", "out", "frames/s", "max work ms", "max wait ms", "CPU ms/frame"]
    if hasInstructions { headings.append("instr./frame") }
    if hasEnergy { headings += ["W", "J/frame"] }
    return DataTable(
      caption: "Figures by stage", headHeading: "stage",
      headings: headings.map { .number($0) } + [.text("lost")], rows: content.stages.map(row))
  }

  private func row(_ stage: ProfileStage) -> DataTable.Row {
    let isSource = stage.role == .source
    var numbers = [
      "\(stage.workers)", isSource ? Figure.none : Figure.count(stage.framesIn), Figure.count(stage.framesOut),
      Figure.text(stage.fps), Figure.text(stage.service.max), stage.queue.map { Figure.text($0.max) } ?? Figure.none,
      Figure.text(stage.cpuMsPerFrame),
    ]
    if hasInstructions { numbers.append(stage.instructionsPerFrame.map(Figure.scaled) ?? Figure.none) }
    if hasEnergy { numbers += [stage.powerW.map { Figure.text($0) } ?? Figure.none, energyPerFrame(stage)] }
    return DataTable.Row(
      head: DataTable.name(stage.id, note: stage.type), cells: numbers.map { .number($0) } + [.text(losses(stage))])
  }

  private func energyPerFrame(_ stage: ProfileStage) -> String {
    guard let joules = stage.energyJ, stage.framesOut > 0 else { return Figure.none }
    return Figure.text(joules / Double(stage.framesOut))
  }

  private func losses(_ stage: ProfileStage) -> String {
    var parts = stage.dropped.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\(Figure.count($0.value)) \(Figure.clipped($0.key, 40))" }
    if stage.failed > 0 { parts.append("\(Figure.count(stage.failed)) failed") }
    return parts.isEmpty ? "none" : parts.joined(separator: ", ")
  }
}
