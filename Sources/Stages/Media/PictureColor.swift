import CFFmpeg

/// What the numbers of a picture's pixels mean: the range and the matrix that they are read with everywhere.
///
/// The stream's word counts, from its codec or its container. What neither says: the matrix is BT.601 at every size, and
/// the range is full for JPEG, RGB and grey and limited for the rest. That is how FFmpeg's own converter and OpenCV read
/// such pictures, and so how the models' reference programs see them.
struct PictureColor: Hashable, Sendable {
  /// Luma and chroma use 0...255; otherwise 16...235 and 16...240.
  var isFullRange: Bool
  /// The YCbCr matrix, one of swscale's SWS_CS constants.
  var matrix: Int32

  /// What JPEG files are (JFIF), whatever their picture was made of.
  static let jpeg = PictureColor(isFullRange: true, matrix: SWS_CS_ITU601)

  init(isFullRange: Bool, matrix: Int32) {
    self.isFullRange = isFullRange
    self.matrix = matrix
  }

  init(_ frame: UnsafePointer<AVFrame>) {
    let space = unsafe frame.pointee.colorspace
    // One number for each matrix: some have two names.
    matrix =
      switch space {
      case AVCOL_SPC_BT709: SWS_CS_ITU709
      case AVCOL_SPC_FCC: SWS_CS_FCC
      case AVCOL_SPC_SMPTE240M: SWS_CS_SMPTE240M
      case AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL: SWS_CS_BT2020
      default: SWS_CS_ITU601
      }
    switch unsafe frame.pointee.color_range {
    case AVCOL_RANGE_JPEG: isFullRange = true
    case AVCOL_RANGE_MPEG: isFullRange = false
    default: isFullRange = unsafe Self.isFullByFormat(AVPixelFormat(frame.pointee.format))
    }
  }

  /// How much of red and of blue is in luma (ITU-R BT.601-7, BT.709-6, BT.2020-2; SMPTE 240M; FCC 73.682).
  var weights: (red: Double, blue: Double) {
    switch matrix {
    case SWS_CS_ITU709: (0.2126, 0.0722)
    case SWS_CS_FCC: (0.30, 0.11)
    case SWS_CS_SMPTE240M: (0.212, 0.087)
    case SWS_CS_BT2020: (0.2627, 0.0593)
    default: (0.299, 0.114)
    }
  }

  /// Whether pictures are read with this matrix; those with others are read as BT.601.
  static func knows(_ space: AVColorSpace) -> Bool {
    switch space {
    case AVCOL_SPC_BT709, AVCOL_SPC_FCC, AVCOL_SPC_SMPTE240M, AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL,
      AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M:
      true
    default: false
    }
  }

  /// The J formats are old names for full range.
  private static func isFullByFormat(_ format: AVPixelFormat) -> Bool {
    if plain(format) != format { return true }
    // SAFETY: the descriptor is static.
    guard let description = unsafe av_pix_fmt_desc_get(format) else { return false }
    let isRGB = unsafe description.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0
    return unsafe isRGB || description.pointee.nb_components < 3
  }

  /// Whether the pixels are in red, green and blue already.
  static func isRGB(_ format: AVPixelFormat) -> Bool {
    // SAFETY: the descriptor is static.
    guard let description = unsafe av_pix_fmt_desc_get(format) else { return false }
    return unsafe description.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL) != 0
  }

  /// The format with the range told apart from it.
  static func plain(_ format: AVPixelFormat) -> AVPixelFormat {
    switch format {
    case AV_PIX_FMT_YUVJ420P: AV_PIX_FMT_YUV420P
    case AV_PIX_FMT_YUVJ422P: AV_PIX_FMT_YUV422P
    case AV_PIX_FMT_YUVJ444P: AV_PIX_FMT_YUV444P
    case AV_PIX_FMT_YUVJ440P: AV_PIX_FMT_YUV440P
    case AV_PIX_FMT_YUVJ411P: AV_PIX_FMT_YUV411P
    default: format
    }
  }
}
