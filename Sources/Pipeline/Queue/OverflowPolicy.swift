/// What a full queue does with the next frame.
public enum OverflowPolicy: String, Sendable, CaseIterable {
  /// The producer waits: back-pressure. The default for files.
  case block
  /// The frame that has waited longest is dropped.
  case dropOldest
  /// The new frame is dropped.
  case dropNewest
  /// A frame past its deadline is dropped first, else the oldest. The default for live sources.
  case dropLate
}
