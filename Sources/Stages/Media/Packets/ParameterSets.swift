/// Finds what a decoder must know before the first picture, as H.264 and HEVC send it before a key frame.
enum ParameterSets {
  /// The parameter sets that stand before the first slice of a packet in Annex B form, each behind a start code of four
  /// bytes; empty where there are none.
  static func find(_ bytes: UnsafeRawBufferPointer, isHEVC: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var start = unsafe nextStart(bytes, 0)
    while let begin = start, begin < bytes.count {
      let kind = isHEVC ? unsafe (bytes[begin] >> 1) & 63 : unsafe bytes[begin] & 31
      let isSlice = isHEVC ? kind < 32 : (1...5).contains(kind)
      if isSlice { break }
      start = unsafe nextStart(bytes, begin)
      let isSet = isHEVC ? (32...34).contains(kind) : kind == 7 || kind == 8
      guard isSet else { continue }
      var end = start.map { $0 - 3 } ?? bytes.count
      // The fourth byte of the next start code, and padding.
      while end > begin, unsafe bytes[end - 1] == 0 { end -= 1 }
      result += [0, 0, 0, 1]
      unsafe result += bytes[begin..<end]
    }
    return result
  }

  /// Whether packets have start codes, rather than the length before each part.
  static func isAnnexB(extradata: [UInt8]) -> Bool { extradata.first != 1 }

  /// Whether one of them says how pictures are coded, without which nothing can be decoded.
  static func isWhole(_ sets: [UInt8], isHEVC: Bool) -> Bool {
    unsafe sets.withUnsafeBytes { bytes in
      var (sequence, picture) = (false, false)
      var start = unsafe nextStart(bytes, 0)
      while let begin = start, begin < bytes.count {
        let kind = isHEVC ? unsafe (bytes[begin] >> 1) & 63 : unsafe bytes[begin] & 31
        if kind == (isHEVC ? 33 : 7) { sequence = true }
        if kind == (isHEVC ? 34 : 8) { picture = true }
        start = unsafe nextStart(bytes, begin)
      }
      return sequence && picture
    }
  }

  /// Where the next part begins behind its start code, from `index` on.
  private static func nextStart(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int? {
    var index = index
    while index + 3 <= bytes.count {
      // SAFETY: `index + 2` lies within the bytes.
      if unsafe bytes[index + 2] > 1 {
        index += 3
      } else if unsafe bytes[index] == 0, unsafe bytes[index + 1] == 0, unsafe bytes[index + 2] == 1 {
        return index + 3
      } else {
        index += 1
      }
    }
    return nil
  }
}
