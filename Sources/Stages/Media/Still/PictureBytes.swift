/// Numbers out of a file's bytes; nil where the file does not reach.
extension Span<UInt8> {
  func byte(_ at: Int) -> Int? { at >= 0 && at < count ? Int(self[at]) : nil }

  func big16(_ at: Int) -> Int? { number(at, 2, isBig: true) }
  func big32(_ at: Int) -> Int? { number(at, 4, isBig: true) }
  func little16(_ at: Int) -> Int? { number(at, 2, isBig: false) }
  func little32(_ at: Int) -> Int? { number(at, 4, isBig: false) }

  /// An unsigned number of at most 7 bytes.
  func number(_ at: Int, _ length: Int, isBig: Bool) -> Int? {
    guard at >= 0, length <= 7, at <= count - length else { return nil }
    var value = 0
    for index in 0..<length {
      let byte = Int(self[at + index])
      value |= byte << (8 * (isBig ? length - 1 - index : index))
    }
    return value
  }

  /// Whether these characters stand at a place.
  func has(_ text: StaticString, at: Int = 0) -> Bool {
    let length = text.utf8CodeUnitCount
    guard at >= 0, at <= count - length else { return false }
    return text.withUTF8Buffer { text in
      // SAFETY: the text has `length` bytes, and so many follow `at`.
      (0..<length).allSatisfy { unsafe text[$0] == self[at + $0] }
    }
  }
}
