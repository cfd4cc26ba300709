/// What would make a stage faster or cheaper, as the stage itself knows it. `edgepipe profile` prints it for the stage that
/// limits a run, with what it would bring where that follows from the run's figures.
public struct StageTip: Sendable, Hashable {
  /// What must hold for the tip to help.
  public enum Condition: Sendable, Hashable {
    case always
    /// There are cores that nothing uses.
    case freeCores
    /// The processor multiplies 8-bit integers directly.
    case int8DotProduct
  }

  public enum Purpose: Sendable, Hashable {
    /// More frames a second.
    case throughput
    /// Each frame is done sooner.
    case latency
    /// A source that waits although its input does not make it wait.
    case pace
  }

  /// `option=value`, as `--set` takes it after the stage's id; nil where `remark` is the whole sentence.
  public var setting: String?
  /// What the setting brings or costs.
  public var remark: String
  public var purposes: Set<Purpose>
  public var condition: Condition
  /// The share that is left of the stage's work on a frame; nil where that is not known.
  public var work: Double?
  /// Other stages that save the same share of their work.
  public var alsoSpares: [String]

  public init(
    _ setting: String? = nil, _ remark: String, for purposes: Set<Purpose> = [.throughput],
    if condition: Condition = .always,
    work: Double? = nil, alsoSpares: [String] = []
  ) {
    self.setting = setting
    self.remark = remark
    self.purposes = purposes
    self.condition = condition
    self.work = work
    self.alsoSpares = alsoSpares
  }
}
