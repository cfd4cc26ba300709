/// What the first bytes of a file say that it is.
enum PictureKind: String, Sendable, CaseIterable {
  case jpeg = "JPEG"
  case png = "PNG"
  case gif = "GIF"
  case webp = "WebP"
  case bmp = "BMP"
  case tiff = "TIFF"
  case bigTIFF = "BigTIFF"
  case jpeg2000 = "JPEG 2000"
  case heic = "HEIC"
  case avif = "AVIF"
  case jpegXL = "JPEG XL"
  case jpegXLBoxes = "JPEG XL in boxes"
  case qoi = "QOI"
  case pcx = "PCX"
  case photoshop = "Photoshop"
  case pdf = "PDF"
  case html = "HTML"
  case xml = "XML"
  case text = "text"

  /// Nil for everything that is not listed here.
  init?(_ bytes: Span<UInt8>) {
    if bytes.byte(0) == 0xFF, bytes.byte(1) == 0xD8, bytes.byte(2) == 0xFF {
      self = .jpeg
    } else if PNGFile.hasSignature(bytes) {
      self = .png
    } else if bytes.has("GIF87a") || bytes.has("GIF89a") {
      self = .gif
    } else if bytes.has("RIFF"), bytes.has("WEBP", at: 8) {
      self = .webp
    } else if bytes.has("BM"), let header = bytes.little32(14), (12...255).contains(header) {
      self = .bmp
    } else if bytes.has("II*\0") || bytes.has("MM\0*") {
      self = .tiff
    } else if bytes.has("II+\0") || bytes.has("MM\0+") {
      self = .bigTIFF
    } else if bytes.has("jP  ", at: 4), bytes.big32(0) == 12 {
      self = .jpeg2000
    } else if bytes.big32(0) == 0xFF4F_FF51 {
      self = .jpeg2000
    } else if bytes.has("ftyp", at: 4), let kind = Self.brand(bytes) {
      self = kind
    } else if bytes.big16(0) == 0xFF0A {
      self = .jpegXL
    } else if bytes.has("JXL ", at: 4), bytes.big32(0) == 12 {
      self = .jpegXLBoxes
    } else if bytes.has("qoif") {
      self = .qoi
    } else if bytes.byte(0) == 10, [0, 2, 3, 4, 5].contains(bytes.byte(1) ?? 1), bytes.byte(64) == 0,
      (bytes.byte(2) ?? 2) < 2
    {
      self = .pcx
    } else if bytes.has("8BPS") {
      self = .photoshop
    } else if bytes.has("%PDF") {
      self = .pdf
    } else if let kind = Self.writing(bytes) {
      self = kind
    } else {
      return nil
    }
  }

  /// The brands of an ISO base media file that mean a still picture.
  private static func brand(_ bytes: Span<UInt8>) -> PictureKind? {
    let end = min(bytes.big32(0) ?? 0, 256)
    for at in stride(from: 8, to: end, by: 4) where at != 12 {
      for brand: StaticString in ["avif", "avis"] where bytes.has(brand, at: at) { return .avif }
      for brand: StaticString in ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"]
      where bytes.has(brand, at: at) { return brand.isGeneric && Self.names(bytes, "avif", end) ? .avif : .heic }
    }
    return nil
  }

  private static func names(_ bytes: Span<UInt8>, _ brand: StaticString, _ end: Int) -> Bool {
    stride(from: 8, to: end, by: 4).contains { bytes.has(brand, at: $0) }
  }

  private static func writing(_ bytes: Span<UInt8>) -> PictureKind? {
    var start = bytes.big16(0) == 0xEFBB && bytes.byte(2) == 0xBF ? 3 : 0
    while let byte = bytes.byte(start), [0x20, 0x09, 0x0A, 0x0D].contains(byte) { start += 1 }
    guard start < bytes.count else { return bytes.isEmpty ? nil : .text }
    if bytes.has("<!DOCTYPE html", at: start) || bytes.has("<!doctype html", at: start) || bytes.has("<html", at: start)
    {
      return .html
    }
    if bytes.has("<?xml", at: start) || bytes.has("<svg", at: start) { return .xml }
    // Netpbm's own letters, which text may begin with too.
    if bytes.byte(0) == 0x50, let digit = bytes.byte(1), (0x31...0x37).contains(digit) || digit == 0x46 || digit == 0x66
    {
      return nil
    }
    var foreign = 0
    let end = min(bytes.count, start + 512)
    for at in start..<end {
      let byte = bytes[at]
      let isWriting = byte >= 0x20 && byte != 0x7F || (0x08...0x0D).contains(byte) || byte == 0x1B
      if !isWriting { return nil }
      if byte >= 0x80 { foreign += 1 }
    }
    // A few bytes of anything may look like writing; so may letters of other alphabets.
    return end - start >= 4 && (bytes.count > 16 || foreign == 0) ? .text : nil
  }
}

extension StaticString {
  /// Brands that HEIC and AVIF share.
  fileprivate var isGeneric: Bool { description == "mif1" || description == "msf1" }
}
