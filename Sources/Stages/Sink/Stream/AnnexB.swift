/// H.264 as encoders put it out: NAL units behind start codes.
enum AnnexB {
  /// Where each unit lies, without its start code; none is empty.
  static func units(of bytes: Span<UInt8>) -> [Range<Int>] {
    var units: [Range<Int>] = []
    var begin: Int?
    var index = 0
    func end(at position: Int) {
      guard let begin else { return }
      // A start code of four bytes begins with a zero that belongs to no unit, as do zeros that fill up.
      var end = position
      while end > begin, bytes[end - 1] == 0 { end -= 1 }
      if end > begin { units.append(begin..<end) }
    }
    while index + 2 < bytes.count {
      // The third byte of a start code is 1 and those before it are 0: what is larger cannot be part of one.
      if bytes[index + 2] > 1 {
        index += 3
      } else if bytes[index + 2] == 1, bytes[index + 1] == 0, bytes[index] == 0 {
        end(at: index)
        begin = index + 3
        index += 3
      } else {
        index += 1
      }
    }
    end(at: bytes.count)
    return units
  }

  /// - Parameter header: the first byte of a unit.
  static func isParameterSet(_ header: UInt8) -> Bool { header & 31 == 7 || header & 31 == 8 }
}
