import CFFmpeg

/// Where the brightness of a picture lies: one value a pixel, of 8 to 16 bits, in the first plane.
///
/// Lent by ``DecodedPicture/withLuma(_:)``. Of packed RGB it is the component that comes first, which is brightness enough
/// to see that something has changed.
@safe struct LumaPlane {
  let width: Int
  let height: Int
  /// Bytes from one value to the next in a row.
  let step: Int
  /// Bits of a value.
  let depth: Int
  /// Values take two bytes each.
  let isWide: Bool
  // SAFETY: the first value of `height` rows, `stride` bytes apart, each of `width` values that are `step` bytes apart; all
  // of it lives as long as the closure that this was lent to.
  private let start: UnsafePointer<UInt8>
  private let stride: Int
  /// Bits below a value, in values of two bytes.
  private let shift: Int

  fileprivate init?(_ frame: UnsafePointer<AVFrame>, width: Int, height: Int) {
    // SAFETY: the descriptor is static; plane, step, offset and depth of component 0 say where its values lie, and the
    // frame holds `linesize` bytes for each of its rows.
    guard let format = unsafe av_pix_fmt_desc_get(AVPixelFormat(frame.pointee.format)),
      unsafe format.pointee.flags & UInt64(AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL)
        == 0
    else { return nil }
    let component = unsafe format.pointee.comp.0
    depth = Int(component.depth)
    guard (8...16).contains(depth), component.plane == 0, let plane = unsafe frame.pointee.data.0 else { return nil }
    isWide = depth > 8 || component.shift > 0
    shift = Int(component.shift)
    step = Int(component.step)
    stride = unsafe Int(frame.pointee.linesize.0)
    unsafe start = UnsafePointer(plane) + Int(component.offset)
    (self.width, self.height) = (width, height)
  }

  /// The largest value that there can be.
  var maximum: Int { (1 << depth) - 1 }

  /// The value of a pixel, which must lie in the picture.
  func value(x: Int, y: Int) -> Int {
    let at = unsafe start + (y * stride + x * step)
    guard isWide else { return unsafe Int(at.pointee) }
    return unsafe Int(UnsafeRawPointer(at).loadUnaligned(as: UInt16.self)) >> shift & maximum
  }

  /// Adds the values of a row, each to the sum of its column.
  func add(row: Int, to sums: inout [UInt32]) {
    let count = min(width, sums.count)
    guard !isWide, step == 1 else {
      for x in 0..<count { sums[x] &+= UInt32(value(x: x, y: row)) }
      return
    }
    let first = unsafe start + row * stride
    unsafe sums.withUnsafeMutableBufferPointer { sums in
      // SAFETY: `count` is within the row and within the sums.
      for x in 0..<count { unsafe sums[x] &+= UInt32(first[x]) }
    }
  }
}

extension DecodedPicture {
  /// - Returns: nil for pictures whose pixels are not in this process's memory, or not one value a pixel.
  func withLuma<Result>(_ body: (LumaPlane) -> Result) -> Result? {
    unsafe withFrame { frame in
      guard let luma = unsafe LumaPlane(frame, width: width, height: height) else { return nil }
      return body(luma)
    }
  }
}
