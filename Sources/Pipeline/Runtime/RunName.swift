import EdgepipeCore

/// What a run is called: names sort by the time at which runs began, and no two are the same.
enum RunName {
  /// Such as `20260101T000000Z-3f9a2c`: the second, and 24 random bits against runs that begin together.
  static func make(at time: WallTime) -> String {
    let second = time.iso8601.prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" }
    let digits = String(UInt32.random(in: 0..<1 << 24), radix: 16)
    return "\(second)Z-\(String(repeating: "0", count: 6 - digits.count))\(digits)"
  }
}
