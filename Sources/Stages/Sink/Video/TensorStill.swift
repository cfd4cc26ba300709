import CFFmpeg
package import EdgepipeCore

/// A picture that lies in memory as 8-bit numbers, as models take it, made into a JPEG file.
package struct TensorStill: Sendable {
  /// In pixels; even, since JPEG keeps colours at half the resolution here.
  package var width: Int
  package var height: Int
  /// One plane after the other, or one pixel after the other.
  package var isPlanar: Bool
  /// Blue, green, red in place of red, green, blue.
  package var isBGR: Bool
  /// 1 ... 100, as other programs count it.
  package var quality: Int

  package init(width: Int, height: Int, isPlanar: Bool, isBGR: Bool, quality: Int) {
    self.width = width
    self.height = height
    self.isPlanar = isPlanar
    self.isBGR = isBGR
    self.quality = quality
  }

  /// - Parameter bytes: three numbers a pixel; read during the call only.
  /// - Throws: ``PipelineError`` for impossible sizes, and where FFmpeg has no encoder.
  package func jpeg(_ bytes: UnsafeMutableRawBufferPointer) throws(PipelineError) -> [UInt8] {
    guard width > 0, height > 0, width <= 1 << 14, height <= 1 << 14, width % 2 == 0, height % 2 == 0,
      unsafe bytes.count >= width * height * 3
    else { throw PipelineError("a tensor of \(width) x \(height) pixels cannot be a JPEG", code: .unsupported) }
    guard let frame = unsafe av_frame_alloc(), let start = unsafe bytes.baseAddress else {
      throw PipelineError("cannot allocate memory for a picture", code: .internalFault)
    }
    let pixels = unsafe start.assumingMemoryBound(to: UInt8.self), stride = Int32(width)
    unsafe frame.pointee.width = Int32(width)
    unsafe frame.pointee.height = Int32(height)
    if isPlanar {
      // FFmpeg's order of planes is green, blue, red.
      let plane = width * height
      unsafe frame.pointee.format = AV_PIX_FMT_GBRP.rawValue
      unsafe frame.pointee.data.0 = pixels + plane
      unsafe frame.pointee.data.1 = pixels + (isBGR ? 0 : 2 * plane)
      unsafe frame.pointee.data.2 = pixels + (isBGR ? 2 * plane : 0)
      unsafe frame.pointee.linesize.0 = stride
      unsafe frame.pointee.linesize.1 = stride
      unsafe frame.pointee.linesize.2 = stride
    } else {
      unsafe frame.pointee.format = (isBGR ? AV_PIX_FMT_BGR24 : AV_PIX_FMT_RGB24).rawValue
      unsafe frame.pointee.data.0 = pixels
      unsafe frame.pointee.linesize.0 = stride * 3
    }
    // SAFETY: the frame lends the caller's memory, which holds the planes that are set above, until the copy is made.
    let picture = unsafe DecodedPicture(taking: frame)
    let copy = try PictureCopy(width: width, height: height, color: StillEncoder.color)
    try copy.fill(from: picture)
    return try StillEncoder(format: .jpeg, width: width, height: height, quality: scale, isQuick: true).encode(copy)
  }

  /// FFmpeg's scale of quality: eighths of a table, where other programs take hundredths of one that is about as coarse
  /// (libjpeg, jpeg_quality_scaling).
  var scale: Int {
    let quality = min(100, max(1, quality)), percent = quality < 50 ? 5000 / quality : 200 - 2 * quality
    return min(31, max(2, (percent * 8 + 50) / 100))
  }
}
