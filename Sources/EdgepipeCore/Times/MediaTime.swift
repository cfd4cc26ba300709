/// A presentation time in a stream, in nanoseconds from the stream's first frame.
public struct MediaTime: Hashable, Comparable, Sendable {
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
  public init(seconds: Double) { self.nanoseconds = Int64(clampedNanoseconds: seconds * 1e9) }

  public var seconds: Double { Double(nanoseconds) / 1e9 }

  public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
}
