import Foundation
import Pipeline

/// What would make one stage faster or cheaper: sentences with the settings as `--set` takes them, and with what they
/// would give, as far as the run's own figures say. What the settings are, the stage itself knows.
struct StageAdvice {
  let stage: StageLoad
  let finding: BottleneckFinding

  private var load: RunLoad { finding.load }
  private var id: String { stage.id }

  /// A smaller gain is not worth a sentence.
  private static let leastGain = 1.05
  /// Of less nothing can be said.
  private static let leastFreeCores = 0.3

  /// For more frames a second.
  var sentences: [String] { [moreWorkers].compactMap { $0 } + sentences(for: .throughput) }

  /// For a shorter way of each frame.
  var latencySentences: [String] { sentences(for: .latency) }

  /// For a source that waits although nothing makes it wait.
  var paceSentences: [String] { sentences(for: .pace) }

  private func sentences(for purpose: StageTip.Purpose) -> [String] {
    stage.tips.filter { $0.purposes.contains(purpose) }.compactMap { sentence($0, for: purpose) }
  }

  /// Nil where the tip does not help in this run.
  private func sentence(_ tip: StageTip, for purpose: StageTip.Purpose) -> String? {
    var remark = tip.remark
    switch tip.condition {
    case .always: break
    case .freeCores:
      guard hasFreeCores else { return nil }
      if purpose == .throughput { remark += "; \(freeCores)" }
    case .int8DotProduct: guard load.hasInt8DotProduct else { return nil }
    }
    guard let setting = tip.setting.map({ "\(id).\($0)" }) else { return remark }
    guard purpose == .throughput, let work = tip.work else { return "\(setting): \(remark)" }
    return gain(setting, ([id] + tip.alsoSpares).map { CapacityModel.Change(stage: $0, work: work) }, remark)
  }

  private var moreWorkers: String? {
    guard !finding.areCoresTaken, stage.role != .source, stage.workers < stage.maximumWorkers, !stage.needsOrder else {
      return nil
    }
    let count = stage.workers + 1, setting = "\(id).workers=\(count)"
    let change = CapacityModel.Change(stage: id, workers: Double(count) / Double(stage.workers))
    if load.freeCores >= Self.leastFreeCores { return gain(setting, [change], freeCores) }
    // Others have what is left.
    let others =
      "without the other programs, which take \(Words.cores(load.otherCores)) of \(Words.cores(load.cores)) cores"
    return gain(setting, [change], others, by: finding.model.withoutOthers)
  }

  private var hasFreeCores: Bool { !finding.areCoresTaken && load.freeCores >= Self.leastFreeCores }
  private var freeCores: String {
    "\(String(format: "%.2f", load.freeCores)) of \(Words.cores(load.cores)) cores are free"
  }

  /// - Returns: nil when the setting would give hardly more than now.
  private func gain(
    _ setting: String, _ changes: [CapacityModel.Change], _ remark: String, by model: CapacityModel? = nil
  ) -> String? {
    let model = model ?? finding.model
    guard let now = model.limit(), let then = model.limit(changes), now.fps > 0 else { return nil }
    let gain = then.fps / now.fps
    guard gain >= Self.leastGain else { return nil }
    return "\(setting) would give up to \(Words.rate(load.fps * gain)) frames/s; \(remark)"
  }
}
