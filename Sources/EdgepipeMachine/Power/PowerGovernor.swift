import Synchronization

/// The share of a live stream's frames at which detectors may look, of those that their own settings allow.
///
/// Set by ``PowerMonitor`` and limited by a supervisor, read by sources for each frame: it travels with the frame, so that a
/// replay, which has no power to measure, decides the same.
package final class DetectionPace: Sendable {
  /// In thousandths.
  private let value = Atomic<Int>(1000)
  private let most = Atomic<Int>(1000)

  package init() {}

  /// 0.01...1.
  package var share: Double {
    Double(min(value.load(ordering: .relaxed), most.load(ordering: .relaxed))) / 1000
  }

  func set(_ share: Double) { value.store(Self.thousandths(share), ordering: .relaxed) }

  /// No more than this share, whatever the power allows.
  package func limit(to share: Double) { most.store(Self.thousandths(share), ordering: .relaxed) }

  private static func thousandths(_ share: Double) -> Int {
    Int((min(max(share, PowerGovernor.lowestShare), 1) * 1000).rounded())
  }
}

/// Finds the share of detections that keeps the power under a budget: a proportional controller, one step a reading.
///
/// Above idle, power is taken as proportional to the share: share x (goal - idle) / (watts - idle). What does not depend
/// on the share, such as decoding, makes each step too small, so that it nears the goal without swinging about it; idle
/// watts that are taken too high make steps too large, which costs some detection for a while, not the budget.
struct PowerGovernor: Sendable {
  /// Never no detection at all: events would end without a word.
  static let lowestShare = 0.01
  /// Aims below the budget by so much, for what one reading cannot foresee.
  private static let aim = 0.95
  /// Steps down may be large, since the budget is exceeded meanwhile; steps up are small.
  private static let stepRange = 0.5...1.1

  let budgetW: Double
  let idleW: Double
  private(set) var share = 1.0
  private(set) var lowest = 1.0

  init(budgetW: Double, idleW: Double) {
    self.budgetW = budgetW
    self.idleW = idleW
  }

  var isAtLowest: Bool { share <= Self.lowestShare }

  /// - Parameter watts: the mean since the last step.
  /// - Returns: the share from now on.
  mutating func step(watts: Double) -> Double {
    let goal = budgetW * Self.aim
    // A profile's idle watts may be wrong for this machine.
    let idle = idleW < min(goal, watts) ? idleW : 0
    let step = watts > idle ? (goal - idle) / (watts - idle) : Self.stepRange.upperBound
    share *= min(max(step, Self.stepRange.lowerBound), Self.stepRange.upperBound)
    share = min(max(share, Self.lowestShare), 1)
    lowest = min(lowest, share)
    return share
  }
}
