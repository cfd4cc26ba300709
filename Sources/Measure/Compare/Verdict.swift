import Foundation

/// What is advised, and why.
package struct Verdict: Sendable, Equatable {
  package enum Decision: String, Sendable, CaseIterable {
    /// Take B.
    case deploy
    /// Stay with A.
    case hold
    /// What was measured does not settle it.
    case keepMeasuring = "keep measuring"
  }

  /// Whether B's latency is another one than A's.
  enum Difference: String, Sendable {
    case none
    case faster
    case slower
  }

  package let decision: Decision
  let difference: Difference
  /// Sentences; the one that decides comes first.
  package let reasons: [String]
}

/// What B must keep of what A finds.
enum Quality: Sendable, Equatable {
  /// How many points of AP (hundredths) B has less than A, against ground truth.
  case accuracy(lossPoints: Double)
  /// F1 of B's boxes against A's; nil where neither found anything.
  case agreement(f1: Double?)
}

/// The rule that turns a comparison into a verdict.
///
/// B is deployed when its latency is lower by more than ``minimumImprovement``, when that is no chance (`p` below
/// ``significance`` and |d| above ``minimumEffect``), and when it finds about the same. It is held when one of these
/// cannot be, with the given confidence. Else more must be measured.
package struct VerdictRule: Sendable, Equatable {
  /// (baseline - candidate) / baseline of the mean latency.
  var minimumImprovement = 0.10
  /// Of Welch's test, two-sided.
  var significance = 0.05
  /// Of Cohen's d.
  var minimumEffect = 0.5
  /// A change smaller than this is called none, however sure it is: where a program's code and data happen to lie in
  /// memory alone makes so much (T. Mytkowicz and others, "Producing wrong data without doing anything obviously
  /// wrong!", ASPLOS 2009).
  var smallestDifference = 0.05
  /// In points of AP.
  package var maximumLoss = 1.0
  /// F1, where there is no ground truth.
  package var minimumAgreement = 0.9

  package init() {}

  /// - Parameters:
  ///   - latency: the change from A to B; nil where it cannot be told.
  ///   - ended: why there are fewer measurements than planned. Then they settle nothing: an experimenter who may end an experiment
  ///     when its figures please finds differences where there are none.
  func verdict(latency: RelativeChange?, quality: Quality, ended: String? = nil) -> Verdict {
    var (speed, difference, speedReason) = judge(latency)
    if let ended { (speed, speedReason) = (.keepMeasuring, ended + "; so far: " + speedReason) }
    let (isGood, qualityReason) = judge(quality)
    let decision: Verdict.Decision
    switch (isGood, speed) {
    case (false, _), (_, .hold): decision = .hold
    case (true, .deploy): decision = .deploy
    case (_, .keepMeasuring), (nil, .deploy): decision = .keepMeasuring
    }
    let qualityDecides = isGood == false || (isGood == nil && speed == .deploy)
    return Verdict(
      decision: decision, difference: difference,
      reasons: qualityDecides ? [qualityReason, speedReason] : [speedReason, qualityReason])
  }

  // MARK: - Speed

  private func judge(_ change: RelativeChange?) -> (Verdict.Decision, Verdict.Difference, String) {
    guard let change else {
      return (.keepMeasuring, .none, "the latencies cannot be compared: A's is 0, or was measured once")
    }
    let isSignificant = change.pValue < significance, isLarge = abs(change.effect) > minimumEffect
    let isDifferent = isSignificant && isLarge && abs(change.change) >= smallestDifference
    let difference: Verdict.Difference = !isDifferent ? .none : change.change < 0 ? .faster : .slower
    let improvement = -change.change, highest = change.interval.map { -$0.lowerBound }
    let evidence = "\(Self.p(change.pValue)), |d| = \(Self.short(abs(change.effect)))"
    let bar = Self.percent(minimumImprovement)

    if isSignificant, isLarge, improvement > minimumImprovement {
      return (.deploy, difference, "B's latency is \(Self.percent(improvement)) lower, more than \(bar) (\(evidence))")
    }
    if isSignificant, !isLarge, improvement > minimumImprovement {
      let reason =
        "B's latency is \(Self.percent(improvement)) lower, which is small compared with the variation between runs"
      return (.hold, difference, reason + " (\(evidence); more than \(minimumEffect) is required)")
    }
    guard let highest else {
      let reason = "A's latency varies too much for a relative change (\(evidence)): measure with more --rounds"
      return (.keepMeasuring, difference, reason)
    }
    if highest > minimumImprovement {
      let reason = "B's latency may be up to \(Self.percent(highest)) lower, which would be more than \(bar)"
      return (.keepMeasuring, difference, reason + " (\(evidence)): measure with more --rounds")
    }
    let reason =
      switch difference {
      case .none: "no difference of \(Self.percent(smallestDifference)) or more was found"
      case .slower: "B's latency is \(Self.percent(-improvement)) higher"
      case .faster: "B's latency is \(Self.percent(improvement)) lower, not more than \(bar)"
      }
    return (.hold, difference, reason + " (\(evidence))")
  }

  // MARK: - Quality

  /// - Returns: nil for what is not known.
  private func judge(_ quality: Quality) -> (Bool?, String) {
    switch quality {
    case .accuracy(let loss):
      let text = loss > 0 ? "B loses \(Self.short(loss)) points of AP" : "B loses no AP"
      let isGood = loss <= maximumLoss
      return (isGood, text + (isGood ? ", at most " : ", more than ") + "\(Self.short(maximumLoss))")
    case .agreement(.some(let f1)):
      let isGood = f1 >= minimumAgreement
      let bound = (isGood ? "at least " : "less than ") + Self.fine(minimumAgreement)
      return (isGood, "B's detections agree with A's with F1 \(Self.fine(f1)), \(bound)")
    case .agreement(nil):
      return (
        nil, "neither A nor B detected anything in these frames, so B's results cannot be judged: use other frames"
      )
    }
  }

  // MARK: - Numbers in sentences

  private static func percent(_ value: Double) -> String { String(format: "%.1f %%", value * 100) }
  private static func short(_ value: Double) -> String { value.isFinite ? String(format: "%.2f", value) : "infinite" }
  private static func fine(_ value: Double) -> String { String(format: "%.3f", value) }
  private static func p(_ value: Double) -> String { value < 0.0001 ? "p < 0.0001" : String(format: "p = %.4f", value) }
}
