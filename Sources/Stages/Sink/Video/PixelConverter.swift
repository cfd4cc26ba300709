import CFFmpeg
import EdgepipeCore

/// Converts pictures from one size, pixel format and value range to another: owns swscale's context. Used by one
/// thread.
@safe final class PixelConverter {
  /// What it was made for; a change of any of these needs a new one.
  struct Shape: Hashable {
    /// In pixels.
    var width: Int32
    var height: Int32
    var format: Int32
    var color: PictureColor
  }

  let source: Shape
  let target: Shape
  // SAFETY: set in init, freed once in deinit, and only used during calls.
  private var context: OpaquePointer?

  init(from source: Shape, to target: Shape) throws(PipelineError) {
    self.source = source
    self.target = target
    unsafe context = sws_alloc_context()
    let options: [(String, Int32)] = [
      ("srcw", source.width), ("srch", source.height), ("src_format", source.format),
      ("src_range", source.color.isFullRange ? 1 : 0), ("dstw", target.width), ("dsth", target.height),
      ("dst_format", target.format), ("dst_range", target.color.isFullRange ? 1 : 0), ("sws_flags", SWS_BILINEAR),
    ]
    let raw = unsafe context.map { unsafe UnsafeMutableRawPointer($0) }
    for (name, value) in options {
      // SAFETY: the context is alive; the ranges must be set before it is initialised, which chooses the code path.
      try avCheck(
        unsafe av_opt_set_int(raw, name, Int64(value), 0), "cannot set \(name) of the scaler", code: .internalFault)
    }
    try avCheck(
      unsafe sws_init_context(context, nil, nil),
      "cannot convert a picture of \(source.width)x\(source.height) to \(target.width)x\(target.height) pixels")
    // SAFETY: the tables are static. The call refuses conversions without a matrix, which need none.
    _ = unsafe sws_setColorspaceDetails(
      context, sws_getCoefficients(source.color.matrix), source.color.isFullRange ? 1 : 0,
      sws_getCoefficients(target.color.matrix),
      target.color.isFullRange ? 1 : 0, 0, 1 << 16, 1 << 16)
  }

  deinit { unsafe sws_freeContext(context) }

  /// Converts all rows; both frames must have the shapes that the converter was made for.
  func convert(_ from: UnsafePointer<AVFrame>, to: UnsafeMutablePointer<AVFrame>) throws(PipelineError) {
    guard unsafe from.pointee.width == source.width && from.pointee.height == source.height,
      unsafe to.pointee.width == target.width && to.pointee.height == target.height
    else { throw PipelineError("a picture of another size reached the scaler", code: .internalFault) }
    let rows = unsafe withUnsafePointer(to: from.pointee.data) { planes in
      unsafe withUnsafePointer(to: from.pointee.linesize) { strides in
        unsafe withUnsafePointer(to: to.pointee.data) { targetPlanes in
          unsafe withUnsafePointer(to: to.pointee.linesize) { targetStrides in
            // SAFETY: the tuples of 8 are C arrays of 8; the sizes are those of the context.
            unsafe sws_scale(
              context, UnsafeRawPointer(planes).assumingMemoryBound(to: UnsafePointer<UInt8>?.self),
              UnsafeRawPointer(strides).assumingMemoryBound(to: Int32.self), 0, source.height,
              UnsafeRawPointer(targetPlanes).assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self),
              UnsafeRawPointer(targetStrides).assumingMemoryBound(to: Int32.self))
          }
        }
      }
    }
    try avCheck(rows, "cannot convert a picture")
  }
}
