/// What the file of a still picture says beside its pixels. The readers in this folder know the files' structure only:
/// they decode nothing, allocate next to nothing, and read nothing beyond the bytes that are there.
struct StillFacts: Hashable, Sendable {
  /// False when the data ends before the picture does.
  var isWhole = true
  /// How it must be turned to stand upright: 1 (as it is) ... 8, as in TIFF's tag 274; nil when it does not say.
  var orientation: UInt8?
  /// The shape of a pixel, width to height; nil when it does not say.
  var pixelShape: PixelShape?

  struct PixelShape: Hashable, Sendable {
    var width: UInt32
    var height: UInt32
  }

  static let endsEarly = StillFacts(isWhole: false)
}

extension StillFacts {
  /// Looks at the bytes of a whole file, or of a packet that holds one; nil for formats without a reader here.
  init?(_ bytes: Span<UInt8>) {
    switch PictureKind(bytes) {
    case .jpeg: self = JPEGFile.facts(bytes)
    case .png: self = PNGFile.facts(bytes)
    case .webp: self = WebPFile.facts(bytes)
    case .gif: self = StillFacts(isWhole: GIFFile.isWhole(bytes, needsTrailer: true))
    case .tiff: self = StillFacts(isWhole: TIFFFile.isWhole(bytes), orientation: TIFFHeader.orientation(bytes, at: 0))
    case .bmp: self = StillFacts(isWhole: BMPFile.isWhole(bytes))
    case .jpeg2000: self = StillFacts(isWhole: JPEG2000File.isWhole(bytes))
    case .qoi: self = StillFacts(isWhole: QOIFile.isWhole(bytes))
    case .pcx: self = StillFacts(isWhole: PCXFile.isWhole(bytes))
    case .heic, .avif, .jpegXLBoxes: self = StillFacts(isWhole: BoxFile.isWhole(bytes))
    default: return nil
    }
  }
}
