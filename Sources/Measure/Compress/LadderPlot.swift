/// A ladder as a drawing: for each quantity that was measured a bar of every model, the float model's on top.
package enum LadderPlot {
  /// The text of an SVG file.
  ///
  /// - Parameter title: one line above the drawing.
  package static func svg(_ ladder: CompressionLadder, title: String) -> String {
    let rungs = ladder.rungs.filter { $0.bytes != nil }
    let things = rungs.map { rung in
      BarPanels.Thing(name: rung.fate == .leftOut ? "\(rung.step), left out" : rung.step, tone: tone(rung.fate))
    }
    return BarPanels(title: title, things: things, panels: panels(rungs)).svg
  }

  private static func panels(_ rungs: [LadderRung]) -> [BarPanels.Panel] {
    [
      BarPanels.Panel(title: "Size, MB", digits: 2, values: rungs.map { $0.bytes.map { Double($0) / 1e6 } }),
      .init(title: "Latency, ms", digits: 1, values: rungs.map { $0.speed?.latencyMs }),
      .init(title: "Inferences per second", digits: 1, values: rungs.map { $0.speed?.rate }),
      .init(title: "Memory of a session, MB", digits: 1, values: rungs.map { $0.memory?.peakMB }),
      .init(title: "Average precision", digits: 4, values: rungs.map { $0.accuracy?.ap }),
      .init(title: "Agreement with the float model (F1)", digits: 3, values: rungs.map { $0.accuracy?.agreement?.f1 }),
    ].filter { $0.values.contains { $0 != nil } }
  }

  private static func tone(_ fate: LadderRung.Fate) -> BarPanels.Tone {
    switch fate {
    case .float: .plain
    case .kept: .strong
    case .leftOut, .unavailable: .faint
    }
  }
}
