import Detectors
import EdgepipeCompression
import EdgepipeCore
import EdgepipeMachine
import EdgepipeONNX
import Foundation
import Measure

/// What `edgepipe models compress` prints: the model after each step, what was measured, and why steps stayed or not.
struct CompressReport {
  /// How many pictures were used for what.
  struct Pictures {
    var calibrated: Int
    /// For the agreement with the float model.
    var compared: Int
    /// Annotated ones; nil without ground truth.
    var evaluated: Int?
    /// Whether calibrated and evaluated ones are from the same folder, and kept apart by their names.
    var isApart: Bool
  }

  let float: String
  /// The new model's name.
  let name: String
  let plan: CompressionPlan
  let ladder: CompressionLadder
  /// Of the last model; nil where its shapes are not known.
  let footprint: ModelFootprint?
  let pictures: Pictures
  /// What is wrong with the calibration pictures, and what it costs.
  let warnings: [String]
  let power: LadderPower
  /// The folder of the new model; nil when none was installed.
  var installed: String?

  var title: String { "\(float) \(plan.target.map { "for \($0.name)" } ?? "compressed")" }

  /// Megabytes of 2^20 bytes that the last model needs: weights as stored and peak activations.
  var neededMB: Double? { footprint.map { Double($0.bytes) / Double(1 << 20) } }

  /// Refuses a model that does not fit its device.
  ///
  /// - Throws: ``PipelineError`` (`malformed`); with `force` it is only told.
  func check(force: Bool) throws {
    guard let target = plan.target else { return }
    guard let neededMB else {
      return Terminal.note(
        "warning: the sizes of the model's tensors are unknown: cannot check whether it fits \(target.name)")
    }
    guard let error = target.refusal(neededMB: neededMB) else { return }
    guard force else { throw error }
    Terminal.note("warning: \(error.message)")
  }

  // MARK: - For people

  var text: String {
    let warned = warnings.map { "warning: \($0)" }.joined(separator: "\n")
    let sections = [table, reasons, facts, warned].filter { !$0.isEmpty }
    return sections.joined(separator: "\n\n")
  }

  private typealias Column = (title: String, cell: (LadderRung) -> String?)

  private var table: String {
    func number(_ digits: Int, _ value: @escaping (LadderRung) -> Double?) -> (LadderRung) -> String? {
      { value($0).map { String(format: "%.\(digits)f", $0) } }
    }
    let hasOneShape = Set(ladder.rungs.compactMap(\.input)).count == 1
    let columns: [Column] = [
      ("input", { hasOneShape ? nil : $0.input }), ("size MB", number(2) { $0.bytes.map { Double($0) / 1e6 } }),
      ("memory MB", number(1) { $0.memory?.peakMB }),
      ("latency ms", number(1) { $0.speed?.latencyMs }), ("CPU ms", number(1) { $0.speed?.cpuMs }),
      ("fps", number(1) { $0.speed?.rate }), ("speedup", number(2) { $0.speed?.ratio }),
      (
        "range",
        { rung in
          rung.speed.map { String(format: "%.2f-%.2f", $0.ratioRange.lowerBound, $0.ratioRange.upperBound) }
        }
      ),
      (power.rate.map { String(format: "W at %.0f fps", $0) } ?? "", number(2, power.watts)),
      ("F1", number(3) { $0.accuracy?.agreement?.f1 }), ("AP", number(4) { $0.accuracy?.ap }),
      ("AP50", number(4) { $0.accuracy?.ap50 }),
    ].filter { column in ladder.rungs.contains { column.cell($0) != nil } }
    var table = Table(["model"] + columns.map(\.title), alignment: [.left] + columns.map { _ in .right })
    for rung in ladder.rungs where rung.bytes != nil {
      let name = rung.fate == .float ? rung.step : rung.fate == .kept ? "+ \(rung.step)" : "(\(rung.step))"
      table.add([name] + columns.map { $0.cell(rung) ?? "" })
    }
    return table.text
  }

  private var reasons: String {
    var table = Table(alignment: [.left, .left])
    for rung in ladder.rungs.dropFirst() {
      let words = [rung.reason, rung.note].filter { !$0.isEmpty }.joined(separator: "; ")
      let fate = rung.fate == .kept ? "kept" : rung.fate == .leftOut ? "left out" : "not available"
      table.add([rung.step, "\(fate): \(words)"])
    }
    return table.text
  }

  private var facts: String {
    var table = Table(alignment: [.left, .left])
    table.add(["plan", plan.source])
    let drawn = "on \(pictures.calibrated) pictures"
    let others = pictures.compared > 0 ? "; F1 against the float model on \(pictures.compared) others" : ""
    table.add(["calibrated", drawn + others])
    if let evaluated = pictures.evaluated {
      table.add([
        "evaluated",
        "on \(evaluated) pictures"
          + (pictures.isApart ? ", the half of the folder that is reserved for evaluation" : ""),
      ])
    }
    if let shape = ladder.model.manifest.shape {
      table.add([
        "input", "\(shape[1])x\(shape[0]) only: pictures of other shapes are scaled to fit, which reduces accuracy",
      ])
    }
    if ladder.rungs[0].speed != nil {
      let profile = power.profile
      let model = "\(profile.name), \(profile.idleW) W idle + \(profile.wattsPerBusyCore) W per busy core"
      table.add(["power", "estimated: CPU time of this machine, \(model)"])
    }
    if let footprint, let neededMB {
      let parts = String(
        format: "%.1f MB: weights %.1f, activations up to %.1f", neededMB,
        Double(footprint.weightBytes) / Double(1 << 20), Double(footprint.activationBytes) / Double(1 << 20))
      table.add(["needs", parts + (plan.target.map { "; \($0.advice.modelLimitMB) MB allowed" } ?? "")])
    }
    let place = installed.map { "\(name) (\(ladder.model.manifest.precision)) in \($0)" }
    table.add(["installed", place ?? "nothing: no step was kept"])
    return table.text
  }
}

extension LadderRung {
  /// `416x256`: width x height.
  var input: String? { sides.map { "\($0.width)x\($0.height)" } }
}
