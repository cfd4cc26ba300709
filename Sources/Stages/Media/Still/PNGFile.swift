/// The chunks of a PNG file (ISO 15948).
enum PNGFile {
  static func hasSignature(_ bytes: Span<UInt8>) -> Bool {
    bytes.big32(0) == 0x8950_4E47 && bytes.big32(4) == 0x0D0A_1A0A
  }

  static func facts(_ bytes: Span<UInt8>) -> StillFacts {
    var facts = StillFacts()
    var at = 8
    while let length = bytes.big32(at) {
      let data = at + 8
      // Length, type and check sum: twelve bytes around the data.
      guard length <= 0x7FFF_FFFF, data + length + 4 <= bytes.count else { break }
      if bytes.has("IEND", at: at + 4) { return facts }
      if bytes.has("eXIf", at: at + 4) { facts.orientation = TIFFHeader.exifOrientation(bytes, at: data) }
      if bytes.has("pHYs", at: at + 4), let x = bytes.big32(data), let y = bytes.big32(data + 4), length >= 9, x > 0,
        y > 0
      {
        // Pixels a metre: where more fit into it, they are narrower. Without a unit FFmpeg, which writes most of them,
        // takes the numbers for the shape itself.
        let isMetric = bytes.byte(data + 8) == 1
        facts.pixelShape = .init(width: UInt32(isMetric ? y : x), height: UInt32(isMetric ? x : y))
      }
      at = data + length + 4
    }
    facts.isWhole = false
    return facts
  }
}
