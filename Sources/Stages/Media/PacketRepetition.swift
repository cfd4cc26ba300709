import Glibc

/// Finds what came twice over UDP: a packet with the time stamp and the bytes of the one before, or a picture that begins
/// anew in its middle because one of its RTP packets came twice. A camera that gives two pictures one time stamp does
/// neither.
enum PacketRepetition {
  /// The same bytes again, or the last of them: nothing is missing without them.
  case whole
  /// It begins with a slice that the packet before holds as well.
  case part

  /// So many bytes of a slice, its start code included, are those of no other slice: number and order of its picture
  /// stand among them.
  private static let headLength = 24

  /// - Parameter codec: FFmpeg's name of it.
  static func find(_ packet: Packet, after last: Packet, codec: String) -> PacketRepetition? {
    guard let stamp = packet.presentationStamp, stamp == last.presentationStamp else { return nil }
    return unsafe packet.withBytes { bytes in
      unsafe last.withBytes { before in
        // SAFETY: both buffers are valid during the call and are only compared.
        if unsafe ends(before, with: bytes) { return .whole }
        guard let head = unsafe sliceHead(bytes, codec: codec) else { return nil }
        return unsafe contains(before, head) ? .part : nil
      }
    }
  }

  /// The beginning of the first slice of an H.264 or HEVC picture in Annex B form, from its start code on.
  static func sliceHead(_ bytes: UnsafeRawBufferPointer, codec: String) -> UnsafeRawBufferPointer? {
    guard codec == "h264" || codec == "hevc" else { return nil }
    var index = 0
    while index + 4 < bytes.count {
      guard unsafe bytes[index] == 0, unsafe bytes[index + 1] == 0, unsafe bytes[index + 2] == 1 else {
        index += 1
        continue
      }
      let first = unsafe bytes[index + 3]
      let isSlice = codec == "h264" ? (1...5).contains(first & 31) : (first >> 1) & 63 < 32
      if isSlice {
        let end = min(bytes.count, index + headLength)
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[index..<end])
      }
      index += 4
    }
    return nil
  }

  private static func ends(_ bytes: UnsafeRawBufferPointer, with end: UnsafeRawBufferPointer) -> Bool {
    guard end.count > 0 else { return false }
    return unsafe isEqual(bytes, at: bytes.count - end.count, end)
  }

  private static func contains(_ bytes: UnsafeRawBufferPointer, _ part: UnsafeRawBufferPointer) -> Bool {
    guard part.count <= bytes.count else { return false }
    for index in 0...(bytes.count - part.count) where unsafe bytes[index] == 0 {
      if unsafe isEqual(bytes, at: index, part) { return true }
    }
    return false
  }

  private static func isEqual(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, _ part: UnsafeRawBufferPointer
  ) -> Bool {
    guard offset >= 0, offset <= bytes.count - part.count, let start = bytes.baseAddress, let other = part.baseAddress
    else { return false }
    // SAFETY: both buffers are valid during the call and hold `part.count` bytes from there on.
    return unsafe memcmp(start + offset, other, part.count) == 0
  }
}
