import EdgepipeCore

/// Latency and losses of each camera or file.
struct StreamTableSection {
  let content: ProfileContent

  var markup: Markup {
    """
    <section aria-labelledby="streams">
    <h2 id="streams">Streams</h2>
    \(content.streams.isEmpty ? "<p class=\"nothing\">No stream has started.</p>" : table.markup)
    </section>
    """
  }

  private var hasDeadlines: Bool { content.streams.contains { $0.attainment != nil } }

  private var table: DataTable {
    let headings =
      ["delivered", "dropped"] + (hasDeadlines ? ["in time"] : []) + ["p50 ms", "p95 ms", "p99 ms", "max ms"]
    return DataTable(
      caption: "Streams: frames, and latency from capture to delivery", headHeading: "stream",
      headings: headings.map { .number($0) }, rows: content.streams.map(row))
  }

  private func row(_ stream: ProfileStream) -> DataTable.Row {
    var cells = [Figure.count(stream.delivered), Figure.count(stream.dropped)]
    if hasDeadlines { cells.append(stream.attainment.map(Figure.percent) ?? Figure.none) }
    let latency = [stream.latency.p50, stream.latency.p95, stream.latency.p99, stream.latency.max]
    cells += stream.delivered > 0 ? latency.map { Figure.text($0, finest: 2) } : latency.map { _ in Figure.none }
    return DataTable.Row(head: DataTable.name(stream.id), cells: cells.map { .number($0) })
  }
}
