import CFFmpeg

/// Where the colours of a picture lie whose luma is a plane of bytes.
struct ChromaLayout {
  let width: Int
  let height: Int
  /// Cb and Cr share a plane, byte after byte.
  let isPaired: Bool

  /// nil for formats other than 4:2:0 and 4:2:2 of 8 bits, in planes.
  init?(_ format: AVPixelFormat, width: Int, height: Int) {
    let halvesHeight: Bool
    switch format {
    case AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P: (halvesHeight, isPaired) = (true, false)
    case AV_PIX_FMT_NV12: (halvesHeight, isPaired) = (true, true)
    case AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUVJ422P: (halvesHeight, isPaired) = (false, false)
    default: return nil
    }
    self.width = (width + 1) / 2
    self.height = halvesHeight ? (height + 1) / 2 : height
  }
}
