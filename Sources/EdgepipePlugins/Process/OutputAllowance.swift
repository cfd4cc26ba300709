import EdgepipeCore

/// How much a plugin may write to its log: a few lines a second are passed on, and far more than anybody reads is a fault.
struct OutputAllowance: Sendable, Hashable {
  static let linesASecond = 20
  static let bytesInTenSeconds = 8 << 20

  private var second: Int64 = 0
  private var lines = 0
  private var decade: Int64 = 0
  private var bytes = 0
  private(set) var omitted = 0

  /// - Returns: false where it has become too much.
  mutating func note(bytes count: Int, at now: MonotonicTime) -> Bool {
    let current = now.nanoseconds / 10_000_000_000
    if current != decade { (decade, bytes) = (current, 0) }
    bytes += count
    return bytes <= Self.bytesInTenSeconds
  }

  /// Whether a line is passed on.
  mutating func mayPass(at now: MonotonicTime) -> Bool {
    let current = now.nanoseconds / 1_000_000_000
    if current != second { (second, lines) = (current, 0) }
    lines += 1
    if lines > Self.linesASecond { omitted += 1 }
    return lines <= Self.linesASecond
  }

  /// How many lines were not passed on since it was asked last, once lines pass again.
  mutating func takeOmitted() -> Int {
    guard lines <= Self.linesASecond else { return 0 }
    defer { omitted = 0 }
    return omitted
  }
}
