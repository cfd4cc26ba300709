/// The segments of a JPEG file (ITU T.81).
enum JPEGFile {
  static func facts(_ bytes: Span<UInt8>) -> StillFacts {
    var facts = StillFacts()
    var at = 2
    while let marker = nextMarker(bytes, &at) {
      switch marker {
      case 0xD9: return facts
      case 0x01, 0xD0...0xD8: continue
      default: break
      }
      guard let length = bytes.big16(at), length >= 2 else { break }
      if marker == 0xE0, bytes.has("JFIF\0", at: at + 2) {
        facts.pixelShape = density(bytes, at: at + 2) ?? facts.pixelShape
      }
      if marker == 0xE1, facts.orientation == nil, bytes.has("Exif\0\0", at: at + 2) {
        facts.orientation = TIFFHeader.exifOrientation(bytes, at: at + 2)
      }
      at += length
      if marker == 0xDA { skipScan(bytes, &at) }
    }
    // Cameras leave the mark of the end out; then the scans must tell whether anything else is missing.
    facts.isWhole = JPEGScans.areWhole(bytes)
    return facts
  }

  /// The next marker, and the place behind it; what lies before it is passed over.
  static func nextMarker(_ bytes: Span<UInt8>, _ at: inout Int) -> UInt8? {
    while at + 1 < bytes.count {
      if bytes[at] == 0xFF, bytes[at + 1] != 0xFF, bytes[at + 1] != 0 {
        at += 2
        return bytes[at - 1]
      }
      at += 1
    }
    return nil
  }

  /// To the marker behind a scan; those that begin its intervals anew belong to it.
  static func skipScan(_ bytes: Span<UInt8>, _ at: inout Int) {
    while at + 1 < bytes.count {
      if bytes[at] == 0xFF {
        let next = bytes[at + 1]
        // JPEG-LS stuffs one bit and not a byte: below 0x80 it is data.
        if next >= 0x80, next != 0xFF, !(0xD0...0xD7).contains(next) { return }
      }
      at += 1
    }
  }

  private static func density(_ bytes: Span<UInt8>, at jfif: Int) -> StillFacts.PixelShape? {
    guard let unit = bytes.byte(jfif + 7), let x = bytes.big16(jfif + 8), let y = bytes.big16(jfif + 10), x > 0, y > 0
    else { return nil }
    // Dots an inch or centimetre: where more fit into it, they are narrower. Without a unit it is the shape itself.
    return .init(width: UInt32(unit == 0 ? x : y), height: UInt32(unit == 0 ? y : x))
  }
}
