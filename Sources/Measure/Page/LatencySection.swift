import EdgepipeCore

/// How long frames wait for each stage and are worked on.
struct LatencySection {
  let content: ProfileContent

  var markup: Markup {
    """
    <section aria-labelledby="latency">
    <h2 id="latency">Latency by stage</h2>
    <p class="key"><span><i class="swatch s0"></i>work</span> <span><i class="swatch s1"></i>waiting</span>\
     <span>dark to p50, pale to p99</span></p>
    \(chart)
    </section>
    """
  }

  private var chart: Markup {
    let longest = content.stages.flatMap { [$0.service.p99, $0.queue?.p99 ?? 0] }.filter(\.isFinite).max() ?? 0
    guard longest > 0 else { return "<p class=\"nothing\">No stage has processed a frame.</p>" }
    let ticks = Ticks.nice(0...longest, about: 4).withUnit("ms")
    return BarChart(
      id: "latency-chart", title: "Latency by stage, milliseconds", description: description,
      columns: ["p50", "p95", "p99"], rows: content.stages.map(row), ticks: ticks, barsPerRow: 2
    ).markup
  }

  private func row(_ stage: ProfileStage) -> BarChart.Row {
    let bars = [bar(stage.service, color: 0)] + [stage.queue].compactMap { $0 }.map { bar($0, color: 1) }
    return BarChart.Row(label: stage.id, note: stage.type, bars: bars)
  }

  private func bar(_ times: ProfilePercentiles, color: Int) -> BarChart.Bar {
    let levels = [times.p50, times.p95, times.p99]
    return BarChart.Bar(levels: levels, color: .series(color), values: levels.map { Figure.text($0, finest: 2) })
  }

  private var description: String {
    content.stages.map { stage in
      let waiting = stage.queue.map { ", waiting \(words($0))" } ?? ""
      return "\(Figure.clipped(stage.id, 60)): working \(words(stage.service))\(waiting)."
    }.joined(separator: " ")
  }

  private func words(_ times: ProfilePercentiles) -> String {
    zip(["p50", "p95", "p99"], [times.p50, times.p95, times.p99])
      .map { "\($0) \(Figure.text($1, finest: 2))" }.joined(separator: ", ")
  }
}
