import EdgepipeCore

/// The figures that are read first.
struct HeadlineSection {
  let content: ProfileContent

  private struct Tile {
    let label: String
    let value: String
    var unit = ""
    let note: String
  }

  var markup: Markup {
    let tiles = [rate, frames, latency, processor, memory, power].map { tile -> Markup in
      """
      <div><dt>\(tile.label)</dt><dd><span class="figure">\(tile.value)</span> <span class="unit">\(tile.unit)</span>\
      <span class="tile-note">\(tile.note)</span></dd></div>

      """
    }
    return "<dl class=\"tiles\">\n\(tiles)</dl>"
  }

  private var rate: Tile {
    Tile(
      label: "Rate", value: Figure.text(content.fps), unit: "frames/s",
      note: "\(Figure.text(content.realtimeFactor)) × real time")
  }

  private var frames: Tile {
    let inFlight = content.admitted - content.delivered - content.dropped - content.failed
    var parts = ["\(Figure.count(content.dropped)) dropped"]
    if content.failed > 0 { parts.append("\(Figure.count(content.failed)) failed") }
    if inFlight > 0 { parts.append("\(Figure.count(inFlight)) in flight") }
    return Tile(
      label: "Delivered", value: Figure.count(content.delivered), unit: "frames",
      note: "of \(Figure.count(content.admitted)) admitted; \(parts.joined(separator: ", "))")
  }

  /// Of the stream that is worst off.
  private var latency: Tile {
    let delivering = content.streams.filter { $0.delivered > 0 }
    guard let worst = delivering.max(by: { $0.latency.p95 < $1.latency.p95 }) else {
      return Tile(label: "Latency p95", value: Figure.none, note: "no frame was delivered")
    }
    let spread = "p50 \(Figure.text(worst.latency.p50)), p99 \(Figure.text(worst.latency.p99))"
    let whose = delivering.count > 1 ? "; worst of \(delivering.count) streams" : ""
    return Tile(label: "Latency p95", value: Figure.text(worst.latency.p95), unit: "ms", note: spread + whose)
  }

  private var processor: Tile {
    let each =
      content.delivered > 0 ? "; \(Figure.text(content.cpuS * 1000 / Double(content.delivered))) ms/frame" : ""
    return Tile(
      label: "Processor", value: Figure.text(content.wallS > 0 ? content.cpuS / content.wallS : .nan),
      unit: "cores busy", note: "of \(content.cores)\(each)")
  }

  private var memory: Tile {
    Tile(label: "Memory", value: Figure.text(content.peakMemoryMB), unit: "MB", note: "peak")
  }

  private var power: Tile {
    guard let power = content.power else {
      return Tile(label: "Power", value: Figure.none, note: "neither measured nor estimated")
    }
    // The first word says whether it was measured.
    var notes = power.source.split(separator: ":", maxSplits: 1).prefix(1).map { Figure.clipped(String($0), 40) }
    if content.delivered > 0 { notes.append("\(Figure.text(power.energyJ / Double(content.delivered))) J/frame") }
    if let budget = power.budgetW {
      notes.append("\(Figure.percent(power.meanW / budget)) of the \(Figure.setting(budget)) W budget")
    }
    return Tile(label: "Power", value: Figure.text(power.meanW), unit: "W", note: notes.joined(separator: "; "))
  }
}
