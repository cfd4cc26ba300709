import CFFmpeg
package import EdgepipeCore
package import Pipeline

/// Makes pictures for what does not know FFmpeg's frames, and of what it gives: copies in formats that it takes, and
/// pictures whose bytes it writes. Used by one thread; its memory is used again.
package final class ForeignPictures {
  /// How a picture of somebody else is to be read: FFmpeg's name of the format, and numbers of ITU-T H.273.
  package struct Description: Sendable, Hashable {
    package var format: String
    /// In pixels.
    package var width: Int
    package var height: Int
    /// Nil: as is usual for the format.
    package var isFullRange: Bool?
    package var matrix: UInt32 = 2
    package var primaries: UInt32 = 2
    package var transfer: UInt32 = 2

    package init(format: String, width: Int, height: Int, isFullRange: Bool? = nil) {
      self.format = format
      self.width = width
      self.height = height
      self.isFullRange = isFullRange
    }
  }

  /// One plane to write or to read.
  @safe package struct Plane {
    // SAFETY: points to `rows` rows `stride` bytes apart, for the time of the call that it is lent to.
    package let start: UnsafeMutablePointer<UInt8>
    package let stride: Int
    package let rowBytes: Int
    package let rows: Int
  }

  /// Sizes and formats whose memory is kept at once.
  private static let mostPools = 4

  private var pools: [PicturePool] = []
  private var converter: PixelConverter?

  package init() {}

  /// Whether there is a format of this name whose pixels are in memory.
  package static func knows(format: String) -> Bool { number(of: format) != nil }

  private static func number(of name: String) -> AVPixelFormat? {
    let format = unsafe av_get_pix_fmt(name)
    // SAFETY: the descriptor is static.
    guard format != AV_PIX_FMT_NONE, let description = unsafe av_pix_fmt_desc_get(format),
      unsafe description.pointee.flags & UInt64(AV_PIX_FMT_FLAG_HWACCEL) == 0
    else { return nil }
    return format
  }

  /// A new picture whose planes `write` fills.
  ///
  /// - Throws: ``PipelineError`` with `skipFrame` for a format or a size that there is not.
  package func make(
    _ description: Description, _ write: ([Plane]) throws(PipelineError) -> Void
  ) throws(PipelineError) -> any FrameImage {
    guard let format = Self.number(of: description.format) else {
      throw PipelineError(
        "there is no pixel format '\(description.format)'", consequence: .skipFrame, code: .unsupported)
    }
    let shape = PicturePool.Shape(
      width: Int32(clamping: description.width), height: Int32(clamping: description.height), format: format.rawValue)
    var made: UnsafeMutablePointer<AVFrame>? = try unsafe pool(shape).makeFrame()
    guard let frame = unsafe made else { throw .outOfMemory("a picture") }
    if let isFull = description.isFullRange {
      unsafe frame.pointee.color_range = isFull ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    }
    unsafe frame.pointee.colorspace = AVColorSpace(description.matrix)
    unsafe frame.pointee.color_primaries = AVColorPrimaries(description.primaries)
    unsafe frame.pointee.color_trc = AVColorTransferCharacteristic(description.transfer)
    do throws(PipelineError) {
      try write(unsafe Self.planes(of: frame, format))
    } catch {
      unsafe av_frame_free(&made)
      throw error
    }
    return unsafe DecodedPicture(taking: frame)
  }

  /// The same picture in another format.
  ///
  /// - Throws: ``PipelineError`` with `skipFrame` where it cannot be converted.
  package func convert(_ image: any FrameImage, to format: String) throws(PipelineError) -> any FrameImage {
    guard let picture = image as? DecodedPicture, let target = Self.number(of: format) else {
      throw PipelineError("cannot convert a picture to '\(format)'", consequence: .skipFrame, code: .unsupported)
    }
    let source = unsafe picture.withFrame { unsafe AVPixelFormat($0.pointee.format) }
    let width = Int32(clamping: picture.width), height = Int32(clamping: picture.height)
    let isRGB = PictureColor.isRGB(target)
    let color = PictureColor(
      isFullRange: isRGB || target == AV_PIX_FMT_GRAY8 || picture.color.isFullRange, matrix: picture.color.matrix)
    let from = PixelConverter.Shape(
      width: width, height: height, format: PictureColor.plain(source).rawValue, color: picture.color)
    let to = PixelConverter.Shape(width: width, height: height, format: target.rawValue, color: color)
    if converter?.source != from || converter?.target != to { converter = try PixelConverter(from: from, to: to) }
    var made: UnsafeMutablePointer<AVFrame>? = try unsafe pool(
      .init(width: width, height: height, format: target.rawValue)
    )
    .makeFrame()
    guard let frame = unsafe made else { throw .outOfMemory("a picture") }
    unsafe frame.pointee.color_range = color.isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG
    let problem: PipelineError? = unsafe picture.withFrame { source in
      if !isRGB { unsafe frame.pointee.colorspace = source.pointee.colorspace }
      do throws(PipelineError) {
        try unsafe converter?.convert(source, to: frame)
        return nil
      } catch { return error }
    }
    if var problem {
      unsafe av_frame_free(&made)
      problem.consequence = .skipFrame
      throw problem
    }
    return unsafe DecodedPicture(taking: frame)
  }

  /// Rows and columns of each plane, as FFmpeg lays them out.
  private static func planes(of frame: UnsafeMutablePointer<AVFrame>, _ format: AVPixelFormat) -> [Plane] {
    let data = unsafe [frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2, frame.pointee.data.3]
    let strides = unsafe [
      frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2, frame.pointee.linesize.3,
    ]
    // SAFETY: the descriptor is static.
    let chroma = unsafe av_pix_fmt_desc_get(format).map { unsafe Int($0.pointee.log2_chroma_h) } ?? 0
    return (0..<max(0, min(4, Int(av_pix_fmt_count_planes(format))))).compactMap { index in
      guard let start = unsafe data[index] else { return nil }
      let shift = index == 1 || index == 2 ? chroma : 0
      return unsafe Plane(
        start: start, stride: Int(strides[index]),
        rowBytes: Int(av_image_get_linesize(format, frame.pointee.width, Int32(index))),
        rows: (Int(frame.pointee.height) + (1 << shift) - 1) >> shift)
    }
  }

  private func pool(_ shape: PicturePool.Shape) throws(PipelineError) -> PicturePool {
    if let pool = pools.first(where: { $0.shape == shape }) { return pool }
    if pools.count >= Self.mostPools { pools.removeFirst() }
    let made = try PicturePool(shape)
    pools.append(made)
    return made
  }
}
