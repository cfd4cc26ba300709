import EdgepipeCore

/// CPU time and energy as parts of a whole: the stages, the rest of the program, and what was not used.
struct SplitSection {
  let content: ProfileContent

  struct Part: Equatable {
    let label: String
    let color: ChartColor
    let cpuS: Double
    let energyJ: Double
  }

  /// In the order of the pipeline, then other and idle. The CPU seconds add up to all cores' time, or to what was used
  /// where that is more; the energies add up to all energy.
  var parts: [Part] {
    var parts = stageParts
    let used = parts.reduce(0) { $0 + $1.cpuS }
    let all = max(Self.clean(content.cpuS), used)
    let available = Double(content.cores) * Self.clean(content.wallS)
    let power = content.power
    parts.append(
      Part(label: "other", color: .rest, cpuS: all - used, energyJ: Self.clean(power?.otherJ ?? 0)))
    parts.append(
      Part(label: "idle", color: .idle, cpuS: max(0, available - all), energyJ: Self.clean(power?.idleJ ?? 0)))
    return parts
  }

  /// A part for each stage; of more stages than there are colours, the least busy ones are one part.
  private var stageParts: [Part] {
    let stages = content.stages
    let colors = Palette.light.series.count
    let shown =
      stages.count <= colors
      ? Set(stages.indices)
      : Set(stages.indices.sorted { (stages[$0].cpuS, $1) > (stages[$1].cpuS, $0) }.prefix(colors - 1))
    func sum(_ stages: [ProfileStage], label: String, color: Int) -> Part {
      Part(
        label: label, color: .series(color), cpuS: stages.reduce(0) { $0 + Self.clean($1.cpuS) },
        energyJ: stages.reduce(0) { $0 + Self.clean($1.energyJ ?? 0) })
    }
    let parts = shown.sorted().enumerated().map { sum([stages[$1]], label: stages[$1].id, color: $0) }
    let rest = stages.indices.filter { !shown.contains($0) }.map { stages[$0] }
    return rest.isEmpty ? parts : parts + [sum(rest, label: "\(rest.count) more stages", color: colors - 1)]
  }

  var markup: Markup {
    """
    <section aria-labelledby="split">
    <h2 id="split">CPU time and energy</h2>
    \(parts.contains { $0.cpuS > 0 || $0.energyJ > 0 } ? split : "<p class=\"nothing\">No CPU time was recorded.</p>")
    </section>
    """
  }

  private var split: Markup {
    let parts = parts
    let cpu = Shares.tenths(parts.map(\.cpuS))
    let energy = Shares.tenths(parts.map(\.energyJ))
    let hasEnergy = content.power != nil && parts.contains { $0.energyJ > 0 }
    let bars =
      bar("cpu", "CPU time", parts.map(\.cpuS), parts, cpu)
      + (hasEnergy ? bar("energy", "Energy", parts.map(\.energyJ), parts, energy) : .empty)
    var rows = parts.indices.map { index in
      let part = parts[index]
      return DataTable.Row(
        head: "<i class=\"swatch \(part.color.name)\"></i>\(DataTable.name(part.label))",
        cells: cells(part.cpuS, cpu[index], part.energyJ, energy[index], hasEnergy))
    }
    rows.append(
      DataTable.Row(
        head: "all",
        cells: cells(
          parts.reduce(0) { $0 + $1.cpuS }, cpu.reduce(0, +), parts.reduce(0) { $0 + $1.energyJ }, energy.reduce(0, +),
          hasEnergy),
        isTotal: true))
    let headings = ["CPU s", "share"] + (hasEnergy ? ["energy J", "share"] : [])
    let table = DataTable(
      caption: "CPU time and energy by part", headHeading: "part", headings: headings.map { .number($0) }, rows: rows)
    return "\(bars)\n\(table.markup)\n<p class=\"remark\">\(remark(hasEnergy))</p>"
  }

  private func cells(_ cpuS: Double, _ cpu: Int, _ joules: Double, _ energy: Int, _ hasEnergy: Bool) -> [DataTable.Cell]
  {
    let first: [DataTable.Cell] = [.number(Figure.text(cpuS, finest: 2)), .number(Shares.text(cpu))]
    return hasEnergy ? first + [.number(Figure.text(joules)), .number(Shares.text(energy))] : first
  }

  private func bar(_ id: String, _ title: String, _ values: [Double], _ parts: [Part], _ tenths: [Int]) -> Markup {
    let words = zip(parts, tenths).map { "\(Figure.clipped($0.label, 60)) \(Shares.text($1))" }
    let bar = StackedBar(
      id: "split-\(id)", title: "\(title) by part", description: words.joined(separator: ", ") + ".",
      parts: zip(parts, values).map { .init(label: $0.label, value: $1, color: $0.color) })
    return "<div class=\"split\"><span>\(title)</span>\(bar.markup)</div>"
  }

  private func remark(_ hasEnergy: Bool) -> String {
    let parts = "Idle is the CPU time of idle cores. Other is the rest of this program"
    guard let power = content.power, hasEnergy else {
      return "\(parts). Energy was neither measured nor estimated."
    }
    return "\(parts) and, in measured energy, other programs. Energy is \(Figure.clipped(power.source, 120))."
  }

  private static func clean(_ value: Double) -> Double { value.isFinite ? max(0, value) : 0 }
}
