import EdgepipeCore

/// How busy each stage's workers are.
struct UtilisationSection {
  let content: ProfileContent

  var markup: Markup {
    """
    <section aria-labelledby="utilisation">
    <h2 id="utilisation">Utilisation</h2>
    <p class="key">share of the time that a stage’s workers were busy</p>
    \(chart)
    </section>
    """
  }

  private var chart: Markup {
    guard !content.stages.isEmpty else { return "<p class=\"nothing\">The pipeline has no stages.</p>" }
    let rows = content.stages.map { stage in
      BarChart.Row(
        label: stage.id, note: stage.workers == 1 ? "" : "\(stage.workers) workers",
        bars: [.init(levels: [stage.utilisation], color: .series(0), values: [Figure.percent(stage.utilisation)])])
    }
    let words = content.stages.map { "\(Figure.clipped($0.id, 60)) \(Figure.percent($0.utilisation))" }
    return BarChart(
      id: "utilisation-chart", title: "Share of the time that workers are busy, by stage",
      description: words.joined(separator: ", ") + ".", columns: ["busy"], rows: rows,
      ticks: Ticks(values: [0, 0.25, 0.5, 0.75, 1], labels: ["0", "25", "50", "75", "100 %"]), barsPerRow: 2
    ).markup
  }
}
