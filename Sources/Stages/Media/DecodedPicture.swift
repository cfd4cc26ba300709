import CFFmpeg
import Pipeline

/// A decoded picture: owns one AVFrame and never changes it. Any pixel format that swscale reads.
@safe final class DecodedPicture: FrameImage, @unchecked Sendable {
  // SAFETY (@unchecked Sendable): the frame is never written after init, and freed once, in deinit.
  private var frame: UnsafeMutablePointer<AVFrame>?
  let width: Int
  let height: Int
  /// How its numbers are read.
  let color: PictureColor
  /// Width to height of a pixel.
  let pixelAspect: Double
  /// It was a JPEG picture.
  let isJPEG: Bool

  /// Takes over `frame`, which must hold a picture and not be used by the caller afterwards.
  init(taking frame: UnsafeMutablePointer<AVFrame>, isJPEG: Bool = false) {
    unsafe self.frame = frame
    self.isJPEG = isJPEG
    color = unsafe PictureColor(frame)
    pixelAspect = unsafe PixelAspect.ratio(frame.pointee.sample_aspect_ratio)
    width = unsafe Int(frame.pointee.width)
    height = unsafe Int(frame.pointee.height)
  }

  deinit { unsafe av_frame_free(&frame) }

  /// Read access; the pointer is valid during `body` only.
  func withFrame<Result>(_ body: (UnsafePointer<AVFrame>) throws -> Result) rethrows -> Result {
    // SAFETY: `frame` is set in init and cleared only in deinit, and `self` is alive during the call.
    try unsafe body(UnsafePointer(frame.unsafelyUnwrapped))
  }
}
