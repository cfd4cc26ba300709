import CFFmpeg
import EdgepipeCore

/// Turns small JPEG pictures into RGB before they are scaled. Used by one thread.
///
/// Image libraries hand out JPEGs in RGB, so that everybody scales RGB; scaling luma and colour planes first and
/// converting afterwards is cheaper but rounds differently (0.19 instead of 0.07 of 255 from cv2.INTER_AREA). That is
/// of no account in video, but it showed in an evaluation on pictures of COCO's size: AP 0.2882 instead of 0.2904,
/// where cv2 gives 0.2917 (YOLOX-nano, 50 pictures). Pictures of up to a megapixel pay for it, because for them it is
/// cheap.
@safe final class JPEGConverter {
  static let maximumPixels = 1 << 20

  private struct Kind: Equatable {
    var width: Int
    var height: Int
    var format: Int32
    var color: PictureColor
  }

  private var kind: Kind?
  // SAFETY: made and freed here alone, and used by one thread.
  private var context: OpaquePointer?

  deinit { unsafe sws_freeContext(context) }

  /// `picture` in planar RGB of the same size if it is a small JPEG, else `picture` itself.
  ///
  /// - Throws: ``PipelineError`` with `skipFrame` when memory runs out.
  func convert(_ picture: DecodedPicture) throws(PipelineError) -> DecodedPicture {
    guard picture.isJPEG,
      picture.width.multipliedReportingOverflow(by: picture.height).partialValue <= Self.maximumPixels
    else { return picture }
    let format = unsafe picture.withFrame { unsafe AVPixelFormat($0.pointee.format) }
    // Grey ones have nothing to convert.
    guard let description = unsafe av_pix_fmt_desc_get(format), unsafe description.pointee.nb_components >= 3,
      !PictureColor.isRGB(format)
    else { return picture }
    try prepare(Kind(width: picture.width, height: picture.height, format: format.rawValue, color: picture.color))

    var target = unsafe av_frame_alloc()
    guard let frame = unsafe target else { throw PipelineError.outOfMemory("a picture") }
    unsafe frame.pointee.format = AV_PIX_FMT_GBRP.rawValue
    unsafe frame.pointee.width = Int32(clamping: picture.width)
    unsafe frame.pointee.height = Int32(clamping: picture.height)
    // SAFETY: the context was made for pictures of this kind and for a target of the same size in planar RGB.
    guard unsafe av_frame_get_buffer(frame, 64) >= 0,
      unsafe picture.withFrame({ unsafe ep_sws_scale(context, $0, frame) }) > 0
    else {
      unsafe av_frame_free(&target)
      throw PipelineError.outOfMemory("a picture of \(picture.width) x \(picture.height)")
    }
    unsafe frame.pointee.sample_aspect_ratio = picture.withFrame { unsafe $0.pointee.sample_aspect_ratio }
    return unsafe DecodedPicture(taking: frame)
  }

  private func prepare(_ wanted: Kind) throws(PipelineError) {
    guard kind != wanted else { return }
    let width = Int32(clamping: wanted.width), height = Int32(clamping: wanted.height)
    // SAFETY: takes over the old context, which is not used any more, or frees it.
    unsafe context = sws_getCachedContext(
      context, width, height, AVPixelFormat(wanted.format), width, height, AV_PIX_FMT_GBRP, ep_sws_full_color_flags(),
      nil, nil, nil)
    guard unsafe context != nil else {
      kind = nil
      throw PipelineError.outOfMemory("a converter for pictures of \(wanted.width) x \(wanted.height)")
    }
    // SAFETY: the context is open and the tables are static. The call refuses conversions that need no matrix.
    let coefficients = unsafe sws_getCoefficients(wanted.color.matrix)
    _ = unsafe sws_setColorspaceDetails(
      context, coefficients, wanted.color.isFullRange ? 1 : 0, coefficients, 1, 0, 1 << 16, 1 << 16)
    kind = wanted
  }
}
