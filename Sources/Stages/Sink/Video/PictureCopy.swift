import CFFmpeg
import EdgepipeCore

/// A picture of our own in planar YUV 4:2:0, 8 bits, of one range and matrix: takes copies of decoded pictures of any
/// format and size, and may be drawn on. Used by one thread; its memory is used again for each picture.
@safe final class PictureCopy {
  /// In pixels; even.
  let width: Int
  let height: Int
  /// How its numbers are read.
  let color: PictureColor
  // SAFETY: set in init, freed once in deinit, and only lent out during calls.
  private var frame: UnsafeMutablePointer<AVFrame>?
  private var converter: PixelConverter?
  /// From the color of the last picture, where that is another one.
  private var recoloring: (from: PictureColor, conversion: ColorConversion?)?

  /// - Parameters: width and height in pixels, rounded down to even numbers of at least 2.
  init(
    width: Int, height: Int, color: PictureColor = PictureColor(isFullRange: false, matrix: SWS_CS_ITU601)
  ) throws(PipelineError) {
    self.color = color
    self.width = max(2, width & ~1)
    self.height = max(2, height & ~1)
    unsafe frame = av_frame_alloc()
    guard let frame = unsafe frame else { throw Self.noMemory }
    unsafe frame.pointee.format = AV_PIX_FMT_YUV420P.rawValue
    unsafe frame.pointee.width = Int32(clamping: self.width)
    unsafe frame.pointee.height = Int32(clamping: self.height)
    unsafe frame.pointee.color_range = color.isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    // SAFETY: format and size are set; the buffers belong to the frame.
    try avCheck(unsafe av_frame_get_buffer(frame, 0), "cannot allocate memory for a picture", code: .internalFault)
  }

  deinit { unsafe av_frame_free(&frame) }

  /// Copies `picture` into this one, scaled where the sizes differ by more than an odd last row or column.
  func fill(from picture: DecodedPicture) throws(PipelineError) {
    guard let target = unsafe frame else { throw Self.noMemory }
    // SAFETY: an encoder may still hold the buffers of the last picture; then the frame gets new ones.
    if unsafe av_frame_is_writable(target) == 0 {
      let format = unsafe target.pointee.format, range = unsafe target.pointee.color_range
      unsafe av_frame_unref(target)
      unsafe target.pointee.format = format
      unsafe target.pointee.width = Int32(clamping: width)
      unsafe target.pointee.height = Int32(clamping: height)
      unsafe target.pointee.color_range = range
      try avCheck(unsafe av_frame_get_buffer(target, 0), "cannot allocate memory for a picture", code: .internalFault)
    }
    let problem: PipelineError? = unsafe picture.withFrame { source in
      do throws(PipelineError) {
        try unsafe copy(source, picture.color, to: target)
        return nil
      } catch { return error }
    }
    if let problem { throw problem }
  }

  /// The picture to draw on.
  func withCanvas(_ body: (borrowing PlanarCanvas) -> Void) {
    guard let frame = unsafe frame, let luma = unsafe frame.pointee.data.0, let u = unsafe frame.pointee.data.1,
      let v = unsafe frame.pointee.data.2
    else { return }
    // SAFETY: the three planes of a frame with this format and size; `fill` made them ours alone.
    let canvas = unsafe PlanarCanvas(
      luma: luma, lumaStride: Int(frame.pointee.linesize.0), u: u, uStride: Int(frame.pointee.linesize.1), v: v,
      vStride: Int(frame.pointee.linesize.2), width: width, height: height, color: color)
    body(canvas)
  }

  /// The picture as FFmpeg's frame, valid during `body`; the caller may set times and picture types.
  func withFrame<Result>(_ body: (UnsafeMutablePointer<AVFrame>) throws -> Result) rethrows -> Result {
    // SAFETY: set in init and cleared only in deinit; init throws when there is none.
    try unsafe body(frame.unsafelyUnwrapped)
  }

  private static let noMemory = PipelineError("cannot allocate memory for a picture", code: .internalFault)

  private func copy(
    _ source: UnsafePointer<AVFrame>, _ sourceColor: PictureColor, to target: UnsafeMutablePointer<AVFrame>
  ) throws(PipelineError) {
    let sourceWidth = unsafe Int(source.pointee.width), sourceHeight = unsafe Int(source.pointee.height)
    let fits = (width...width + 1).contains(sourceWidth) && (height...height + 1).contains(sourceHeight)
    let format = unsafe PictureColor.plain(AVPixelFormat(source.pointee.format))
    if let conversion = conversion(from: sourceColor, format) {
      try unsafe copy(source, format, fits: fits, sourceColor, to: target, sourceColor)
      unsafe conversion.apply(to: target)
    } else {
      try unsafe copy(source, format, fits: fits, sourceColor, to: target, color)
    }
  }

  /// Nil where none is needed, or swscale does it.
  private func conversion(from source: PictureColor, _ format: AVPixelFormat) -> ColorConversion? {
    guard source != color, !PictureColor.isRGB(format) else { return nil }
    if let recoloring, recoloring.from == source { return recoloring.conversion }
    let made = ColorConversion(from: source, to: color)
    recoloring = (source, made)
    return made
  }

  private func copy(
    _ source: UnsafePointer<AVFrame>, _ format: AVPixelFormat, fits: Bool, _ sourceColor: PictureColor,
    to target: UnsafeMutablePointer<AVFrame>, _ color: PictureColor
  ) throws(PipelineError) {
    if fits, format == AV_PIX_FMT_YUV420P, sourceColor == color {
      // SAFETY: both frames hold 4:2:0 planes of at least width x height pixels (chroma: half of each).
      unsafe av_image_copy_plane(
        target.pointee.data.0, target.pointee.linesize.0, source.pointee.data.0, source.pointee.linesize.0,
        Int32(width), Int32(height))
      unsafe av_image_copy_plane(
        target.pointee.data.1, target.pointee.linesize.1, source.pointee.data.1, source.pointee.linesize.1,
        Int32(width / 2), Int32(height / 2))
      unsafe av_image_copy_plane(
        target.pointee.data.2, target.pointee.linesize.2, source.pointee.data.2, source.pointee.linesize.2,
        Int32(width / 2), Int32(height / 2))
      return
    }
    let shape = unsafe PixelConverter.Shape(
      width: source.pointee.width, height: source.pointee.height, format: format.rawValue, color: sourceColor)
    let own = PixelConverter.Shape(
      width: Int32(clamping: width), height: Int32(clamping: height), format: AV_PIX_FMT_YUV420P.rawValue, color: color)
    if converter?.source != shape || converter?.target != own {
      converter = try PixelConverter(from: shape, to: own)
    }
    try unsafe converter?.convert(source, to: target)
  }
}
