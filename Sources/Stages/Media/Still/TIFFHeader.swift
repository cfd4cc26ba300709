/// The first directory of a TIFF structure: that of TIFF files, and of EXIF in other files.
enum TIFFHeader {
  /// The value of tag 274 in the directory that the header at `start` leads to, 1...8; nil without a good one.
  static func orientation(_ bytes: Span<UInt8>, at start: Int) -> UInt8? {
    let isBig: Bool
    if bytes.has("II*\0", at: start) {
      isBig = false
    } else if bytes.has("MM\0*", at: start) {
      isBig = true
    } else {
      return nil
    }
    guard let offset = bytes.number(start + 4, 4, isBig: isBig),
      let count = bytes.number(start + offset, 2, isBig: isBig)
    else { return nil }
    // At most 65,535 entries, and each is checked to be there.
    for index in 0..<count {
      let entry = start + offset + 2 + index * 12
      guard let tag = bytes.number(entry, 2, isBig: isBig), let type = bytes.number(entry + 2, 2, isBig: isBig),
        let values = bytes.number(entry + 4, 4, isBig: isBig)
      else { return nil }
      guard tag == 274 else { continue }
      // A short (3), as the standard has it; some write a byte (1) or a long (4).
      let length = type == 3 ? 2 : type == 4 ? 4 : type == 1 ? 1 : 0
      guard values >= 1, length > 0, let value = bytes.number(entry + 8, length, isBig: isBig), (1...8).contains(value)
      else { return nil }
      return UInt8(value)
    }
    return nil
  }

  /// As ``orientation(_:at:)``, behind the `Exif` that some writers put before the structure.
  static func exifOrientation(_ bytes: Span<UInt8>, at start: Int) -> UInt8? {
    orientation(bytes, at: bytes.has("Exif\0\0", at: start) ? start + 6 : start)
  }
}
