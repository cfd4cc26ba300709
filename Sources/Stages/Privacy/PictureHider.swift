import CFFmpeg
import EdgepipeCore

/// Makes pictures in which parts of others cannot be seen: copies, then overwrites. Used by one thread; its memory is used
/// again, also that of pictures that nobody looks at any more.
///
/// What is hidden of a component that several pixels share is hidden for all of them.
struct PictureHider {
  /// Sizes and formats whose memory is kept at once.
  private static let mostPools = 8

  let method: HidingMethod
  private var pools: [PicturePool] = []
  private var components: [PixelComponent] = []
  private var converter: PixelConverter?
  private var blocks = BlockMeans()
  private var blur = BoxBlur()

  init(_ method: HidingMethod) { self.method = method }

  /// - Parameters:
  ///   - boxes: in pixels of the picture.
  ///   - areas: the same.
  /// - Throws: ``PipelineError`` for pictures whose pixels cannot be written: the frame must not go on then.
  mutating func hide(
    _ boxes: [PixelRect], _ areas: [CoveredArea], in picture: DecodedPicture
  ) throws(PipelineError) -> DecodedPicture {
    let copy = try unsafe copy(of: picture)
    // SAFETY: the frame is ours alone until the picture takes it, and the components are not used after that.
    unsafe PixelComponent.all(of: copy, isFullRange: picture.color.isFullRange, into: &components)
    let shiftX = components.map(\.shiftX).max() ?? 0, shiftY = components.map(\.shiftY).max() ?? 0
    func aligned(_ rect: PixelRect) -> PixelRect {
      rect.aligned(shiftX: shiftX, shiftY: shiftY, width: picture.width, height: picture.height)
    }
    for area in areas where !area.bounds.isEmpty { hide(aligned(area.bounds), area.spans) }
    for box in boxes where !box.isEmpty { hide(aligned(box), nil) }
    components.removeAll(keepingCapacity: true)
    return unsafe DecodedPicture(taking: copy, isJPEG: picture.isJPEG)
  }

  /// - Parameter spans: what is hidden of the rectangle; nil: all of it.
  private mutating func hide(_ rect: PixelRect, _ spans: [CoveredArea.Span]?) {
    for component in components {
      let (columns, rows) = component.values(x: rect.x0..<rect.x1, y: rect.y0..<rect.y1)
      switch method {
      case .fill: break
      case .pixelate: blocks.read(component, rect, columns, rows)
      case .blur: blur.read(component, rect, columns, rows)
      }
      guard let spans else {
        for row in rows { write(row, columns, to: component) }
        continue
      }
      for span in spans {
        let (part, row) = component.values(x: span.x0..<span.x1, y: span.y..<span.y + 1)
        write(row.lowerBound, part, to: component)
      }
    }
  }

  private func write(_ row: Int, _ columns: Range<Int>, to component: PixelComponent) {
    switch method {
    case .fill: component.fill(row: row, columns, component.blank)
    case .pixelate: blocks.write(row, columns, to: component)
    case .blur: blur.write(row, columns, to: component)
    }
  }

  /// A frame of our own with the picture's pixels, in a format whose components can be written.
  private mutating func copy(of picture: DecodedPicture) throws(PipelineError) -> UnsafeMutablePointer<AVFrame> {
    let source = unsafe picture.withFrame { unsafe AVPixelFormat($0.pointee.format) }
    let format = PixelComponent.areSeparate(source) ? source : Self.writable(source)
    guard let format else { throw Self.unwritable(source) }
    let shape = PicturePool.Shape(
      width: Int32(clamping: picture.width), height: Int32(clamping: picture.height), format: format.rawValue)
    var target: UnsafeMutablePointer<AVFrame>? = try unsafe pool(shape).makeFrame()
    guard let frame = unsafe target else { throw .outOfMemory("a picture") }
    do throws(PipelineError) {
      if format == source {
        // SAFETY: both frames have this format and size, and the target's memory is its own.
        try avCheck(
          unsafe picture.withFrame { unsafe av_frame_copy(frame, $0) }, "cannot copy a picture",
          consequence: .skipFrame, code: .internalFault)
      } else {
        try unsafe convert(picture, from: source, to: frame, format)
      }
    } catch {
      unsafe av_frame_free(&target)
      throw error
    }
    unsafe picture.withFrame { source in
      unsafe frame.pointee.sample_aspect_ratio = source.pointee.sample_aspect_ratio
      unsafe frame.pointee.color_range = source.pointee.color_range
      unsafe frame.pointee.colorspace = source.pointee.colorspace
      unsafe frame.pointee.color_primaries = source.pointee.color_primaries
      unsafe frame.pointee.color_trc = source.pointee.color_trc
      unsafe frame.pointee.chroma_location = source.pointee.chroma_location
      unsafe frame.pointee.pts = source.pointee.pts
    }
    return unsafe frame
  }

  private mutating func pool(_ shape: PicturePool.Shape) throws(PipelineError) -> PicturePool {
    if let index = pools.firstIndex(where: { $0.shape == shape }) {
      if index > 0 { pools.swapAt(0, index) }
      return pools[0]
    }
    let made = try PicturePool(shape)
    pools.insert(made, at: 0)
    if pools.count > Self.mostPools { pools.removeLast() }
    return made
  }

  private mutating func convert(
    _ picture: DecodedPicture, from source: AVPixelFormat, to frame: UnsafeMutablePointer<AVFrame>,
    _ format: AVPixelFormat
  ) throws(PipelineError) {
    func shape(_ format: AVPixelFormat) -> PixelConverter.Shape {
      PixelConverter.Shape(
        width: Int32(clamping: picture.width), height: Int32(clamping: picture.height), format: format.rawValue,
        color: picture.color)
    }
    if converter?.source != shape(source) || converter?.target != shape(format) {
      do { converter = try PixelConverter(from: shape(source), to: shape(format)) } catch {
        throw Self.unwritable(source)
      }
    }
    let problem: PipelineError? = unsafe picture.withFrame { from in
      do throws(PipelineError) {
        try unsafe converter?.convert(from, to: frame)
        return nil
      } catch { return error }
    }
    if let problem { throw problem }
  }

  /// A format with the same pixels for one whose values share bytes, such as palettes; nil for pictures that are not in
  /// this process's memory.
  private static func writable(_ format: AVPixelFormat) -> AVPixelFormat? {
    // SAFETY: the descriptor is static.
    guard let description = unsafe av_pix_fmt_desc_get(format),
      unsafe description.pointee.flags & UInt64(AV_PIX_FMT_FLAG_HWACCEL) == 0
    else { return nil }
    let other = av_pix_fmt_swap_endianness(format)
    if other != AV_PIX_FMT_NONE, PixelComponent.areSeparate(other) { return other }
    let isDeep = unsafe description.pointee.comp.0.depth > 8
    // By name, which means the byte order of this machine.
    if PictureColor.isRGB(format) { return unsafe av_get_pix_fmt(isDeep ? "rgb48" : "rgb24") }
    if unsafe description.pointee.nb_components < 3 { return unsafe av_get_pix_fmt(isDeep ? "gray16" : "gray") }
    return unsafe av_get_pix_fmt(isDeep ? "yuv444p16" : "yuv444p")
  }

  private static func unwritable(_ format: AVPixelFormat) -> PipelineError {
    // SAFETY: the names are static, and null for numbers without one.
    let name = unsafe av_get_pix_fmt_name(format).map { unsafe String(cString: $0) } ?? "\(format.rawValue)"
    return PipelineError(
      "nothing can be hidden in pictures of the pixel format '\(name)'",
      remedy: "choose another format at the source", consequence: .skipFrame, code: .unsupported)
  }
}
