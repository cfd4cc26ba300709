import Foundation

/// Whether a step was worth it: what it may cost, and what it must give.
package struct StepRule: Sendable, Hashable {
  /// The most that the model may lose against the float one, in points (hundredths), by what accuracy is known by.
  package struct Limits: Sendable, Hashable {
    /// Of average precision.
    package var precision = 1.0
    /// Of the share of detections that both models have (F1). Detections near the limit of scores come and go with the
    /// smallest changes, half of them for the better: the same model loses many more of these points than of AP.
    package var agreement = 25.0

    init() {}

    /// The same for both.
    init(_ points: Double) { (precision, agreement) = (points, points) }
  }

  package var limits: Limits
  /// False: every step that can be done stays, whatever is measured.
  package var decides: Bool
  /// Whether a smaller model is a gain, even where it is no faster.
  var savesMemory: Bool

  /// Smaller differences than 2 % are not worth a step, and hard to tell from chance.
  static let leastGain = 0.02

  init(limits: Limits = Limits(), decides: Bool, savesMemory: Bool) {
    (self.limits, self.decides, self.savesMemory) = (limits, decides, savesMemory)
  }

  /// What is known of a model when its step is judged.
  struct Figures: Sendable, Equatable {
    var bytes: Int
    /// CPU time of one inference, which other programs on the machine change least; nil when it was not measured.
    var cpuMs: Double?
    var accuracy: LadderAccuracy?

    init(bytes: Int, cpuMs: Double? = nil, accuracy: LadderAccuracy? = nil) {
      (self.bytes, self.cpuMs, self.accuracy) = (bytes, cpuMs, accuracy)
    }
  }

  struct Decision: Sendable, Hashable {
    var isKept: Bool
    /// In words, for the report.
    var reason: String
  }

  /// - Parameters:
  ///   - after: the model after the step.
  ///   - before: the model before it.
  ///   - float: the model that the ladder began with.
  func verdict(after: Figures, before: Figures, float: Figures) -> Decision {
    let gain = Gain(after: after, before: before)
    if let loss = loss(after, float), loss.points > loss.limit {
      let text = "\(loss.words), \(Self.number(loss.limit)) allowed"
      guard decides else { return Decision(isKept: true, reason: "\(gain.words); \(text)") }
      return Decision(isKept: false, reason: text)
    }
    guard decides, !gain.isFaster, !(savesMemory && gain.isSmaller) else {
      return Decision(isKept: true, reason: gain.words)
    }
    guard after.cpuMs != nil, before.cpuMs != nil else {
      return Decision(isKept: true, reason: "\(gain.words), speed not measured")
    }
    let lack = savesMemory ? "neither faster nor smaller" : "not faster"
    return Decision(isKept: false, reason: "\(lack): \(gain.words)")
  }

  private func loss(_ after: Figures, _ float: Figures) -> (points: Double, limit: Double, words: String)? {
    if let ap = after.accuracy?.ap, let whole = float.accuracy?.ap {
      let points = (whole - ap) * 100
      return (points, limits.precision, "\(Self.number(points)) points of AP below the float model")
    }
    if let f1 = after.accuracy?.agreement?.f1 {
      let points = (1 - f1) * 100
      return (points, limits.agreement, "\(Self.number(points)) points of F1 below the float model's own detections")
    }
    return nil
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

  private struct Gain {
    var isFaster: Bool
    var isSmaller: Bool
    var words: String

    init(after: Figures, before: Figures) {
      let size = Double(after.bytes) / Double(max(1, before.bytes))
      isSmaller = size <= 1 - StepRule.leastGain
      let speed = after.cpuMs.flatMap { after in before.cpuMs.map { $0 / max(after, 1e-9) } }
      isFaster = speed.map { $0 >= 1 + StepRule.leastGain } ?? false
      let sizeWords = String(format: "%.2f of the size", size)
      words = speed.map { String(format: "%.2f times as fast, ", $0) + sizeWords } ?? sizeWords
    }
  }
}

/// How good a model of the ladder is.
package struct LadderAccuracy: Sendable, Equatable {
  /// COCO's average precision at IoU 0.50:0.95, and at 0.50; nil without ground truth.
  package var ap: Double?
  package var ap50: Double?
  /// With the float model's detections; nil where there were no pictures to compare on.
  package var agreement: Agreement?

  package init(ap: Double? = nil, ap50: Double? = nil, agreement: Agreement? = nil) {
    (self.ap, self.ap50, self.agreement) = (ap, ap50, agreement)
  }
}
