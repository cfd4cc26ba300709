/// Why a frame was dropped: a short word that appears in the ledger and in the report.
public struct DropReason: RawRepresentable, Hashable, Sendable, Comparable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// A full queue that gives up its oldest frame.
  public static let oldest = DropReason(rawValue: "queue-oldest")
  /// A full queue that refuses the newest frame.
  public static let newest = DropReason(rawValue: "queue-newest")
  /// The deadline has passed or cannot be met any more.
  public static let late = DropReason(rawValue: "late")
  /// A live source found every slot of the frames-in-flight limit taken.
  public static let noCredit = DropReason(rawValue: "no-credit")
  /// In a replay: the trace ends before it says what became of the frame.
  public static let unrecorded = DropReason(rawValue: "unrecorded")
  /// The run was cut short by a failure.
  public static let aborted = DropReason(rawValue: "aborted")
}
