/// The blocks of a GIF file.
enum GIFFile {
  /// Whether every block that begins also ends.
  ///
  /// - Parameter needsTrailer: whether the end of the file must be marked; packets that hold one picture have no mark.
  static func isWhole(_ bytes: Span<UInt8>, needsTrailer: Bool) -> Bool {
    var at = 0
    if bytes.has("GIF8") {
      guard let flags = bytes.byte(10) else { return false }
      at = 13 + tableSize(flags)
    }
    var hasPicture = false
    while let introducer = bytes.byte(at) {
      switch introducer {
      case 0x21:
        guard let next = skipBlocks(bytes, at + 2) else { return false }
        at = next
      case 0x2C:
        guard let flags = bytes.byte(at + 9), let next = skipBlocks(bytes, at + 11 + tableSize(flags)) else {
          return false
        }
        hasPicture = true
        at = next
      case 0x3B: return hasPicture
      // Zeros between blocks are common, and harmless.
      case 0: at += 1
      default: return hasPicture && !needsTrailer
      }
    }
    return hasPicture && !needsTrailer
  }

  private static func tableSize(_ flags: Int) -> Int { flags & 0x80 == 0 ? 0 : 3 << ((flags & 7) + 1) }

  /// Behind a row of blocks, the last one of which is empty.
  private static func skipBlocks(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
    var at = start
    while let length = bytes.byte(at) {
      at += length + 1
      if length == 0 { return at }
    }
    return nil
  }
}
