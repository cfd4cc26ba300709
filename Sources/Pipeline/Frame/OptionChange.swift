import EdgepipeCore

/// New values of options of one stage, taken at once.
public struct OptionChange: Sendable, Hashable {
  public struct Option: Sendable, Hashable {
    public let name: String
    /// In JSON; nil: absent, which has a meaning of its own.
    public let old: String?
    public let new: String?
  }

  /// Counts the changes of a run from 1.
  public let version: Int
  /// The stage's id.
  public let stage: String
  public let options: [Option]
}
