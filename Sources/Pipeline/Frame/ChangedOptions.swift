import EdgepipeCore

/// The options that have changed since the run began, as they are for one frame. A value that never changes.
public final class ChangedOptions: Sendable {
  struct Entry: Sendable {
    /// The version that this value came with.
    let version: Int
    /// The stage's whole configuration.
    let configuration: JSONNode
    let value: any Sendable
  }

  /// So many of the run's last changes are known by a frame.
  static let historyLimit = 64

  /// How many changes there have been in the run.
  public let version: Int
  /// The last changes, oldest first.
  public let history: [OptionChange]
  private let entries: [String: Entry]

  init(after previous: ChangedOptions?, _ change: OptionChange, configuration: JSONNode, value: any Sendable) {
    version = change.version
    history = (previous?.history ?? []).suffix(Self.historyLimit - 1) + [change]
    var entries = previous?.entries ?? [:]
    entries[change.stage] = Entry(version: change.version, configuration: configuration, value: value)
    self.entries = entries
  }

  /// What a stage makes of its options; nil where none of them has changed.
  public func value<Adjustment>(of stage: String, as type: Adjustment.Type = Adjustment.self) -> Adjustment? {
    entries[stage]?.value as? Adjustment
  }

  func configuration(of stage: String) -> JSONNode? { entries[stage]?.configuration }

  func adjustment(of stage: String) -> (version: Int, value: any Sendable)? {
    entries[stage].map { ($0.version, $0.value) }
  }
}
