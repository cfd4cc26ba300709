import CFFmpeg

/// Where the values of one component of a picture lie (its brightness, one of its colours, its opacity), for writing: one
/// value of 8 to 16 bits for a pixel, or for a few of them.
///
/// It must not outlive the frame that it was made of.
@safe struct PixelComponent {
  /// Values in a row, and rows.
  let columns: Int
  let rows: Int
  /// The logarithms of how many columns and rows of the picture share a value.
  let shiftX: Int
  let shiftY: Int
  /// What shows nothing: black, no colour, opaque.
  let blank: Int
  // SAFETY: `rows` rows, `stride` bytes apart, of `columns` values that are `step` bytes apart, in a frame that nobody
  // else uses; see `all(of:)`. Every access below is within them by its precondition.
  private let start: UnsafeMutablePointer<UInt8>
  private let stride: Int
  private let step: Int
  /// Values take two bytes each.
  private let isWide: Bool
  /// Bits below a value, in values of two bytes.
  private let shift: Int

  private static let unsuited = [
    AV_PIX_FMT_FLAG_HWACCEL, AV_PIX_FMT_FLAG_BITSTREAM, AV_PIX_FMT_FLAG_PAL, AV_PIX_FMT_FLAG_FLOAT,
    AV_PIX_FMT_FLAG_BE, AV_PIX_FMT_FLAG_BAYER,
  ].reduce(UInt64(0)) { $0 | UInt64($1) }

  /// Whether each component has bytes of its own, so that it can be written without the others.
  static func areSeparate(_ format: AVPixelFormat) -> Bool {
    // SAFETY: the descriptor is static.
    guard let description = unsafe av_pix_fmt_desc_get(format), unsafe description.pointee.flags & unsuited == 0 else {
      return false
    }
    let count = unsafe Int(description.pointee.nb_components)
    let components = (0..<count).map { unsafe component($0, of: description) }
    // The bytes that are taken of each plane, in what repeats itself.
    var taken: [Int32: UInt64] = [:]
    for component in components {
      let period = components.filter { $0.plane == component.plane }.map(\.step).max() ?? 0
      guard (8...16).contains(component.depth), component.depth + component.shift <= 16,
        (1...32).contains(component.step), period % component.step == 0
      else { return false }
      for place in Swift.stride(from: component.offset % component.step, to: period, by: Int32.Stride(component.step)) {
        let own = (UInt64(1) << bytes(component) - 1) << UInt64(place)
        if taken[component.plane, default: 0] & own != 0 { return false }
        taken[component.plane, default: 0] |= own
      }
    }
    return count > 0
  }

  private static func bytes(_ component: AVComponentDescriptor) -> Int { component.depth + component.shift > 8 ? 2 : 1 }

  /// The components of a frame whose format has separate ones (``areSeparate(_:)``) and whose buffers nobody else uses.
  ///
  /// - Parameter into: is emptied first.
  static func all(of frame: UnsafeMutablePointer<AVFrame>, isFullRange: Bool, into components: inout [PixelComponent]) {
    components.removeAll(keepingCapacity: true)
    // SAFETY: the descriptor is static; the frame holds `linesize` bytes for each row of the planes that it names.
    guard let description = unsafe av_pix_fmt_desc_get(AVPixelFormat(frame.pointee.format)) else { return }
    let count = unsafe Int(description.pointee.nb_components), flags = unsafe description.pointee.flags
    for index in 0..<count {
      let component = unsafe Self.component(index, of: description)
      guard let plane = unsafe plane(Int(component.plane), of: frame) else { continue }
      let isChroma = (index == 1 || index == 2) && count > 2
      let shiftX = unsafe isChroma ? Int(description.pointee.log2_chroma_w) : 0
      let shiftY = unsafe isChroma ? Int(description.pointee.log2_chroma_h) : 0
      let depth = Int(component.depth), isRGB = flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0
      let blank: Int
      if flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0, index == count - 1 {
        blank = 1 << depth - 1
      } else if isChroma, !isRGB {
        blank = 1 << (depth - 1)
      } else {
        blank = isRGB || isFullRange ? 0 : 16 << (depth - 8)
      }
      unsafe components.append(
        PixelComponent(
          columns: (Int(frame.pointee.width) + (1 << shiftX) - 1) >> shiftX,
          rows: (Int(frame.pointee.height) + (1 << shiftY) - 1) >> shiftY, shiftX: shiftX, shiftY: shiftY,
          blank: blank, start: plane.start + Int(component.offset), stride: plane.stride, step: Int(component.step),
          isWide: bytes(component) == 2, shift: bytes(component) == 2 ? Int(component.shift) : 0))
    }
  }

  private static func component(
    _ index: Int, of description: UnsafePointer<AVPixFmtDescriptor>
  ) -> AVComponentDescriptor {
    switch index {
    case 0: unsafe description.pointee.comp.0
    case 1: unsafe description.pointee.comp.1
    case 2: unsafe description.pointee.comp.2
    default: unsafe description.pointee.comp.3
    }
  }

  private static func plane(
    _ index: Int, of frame: UnsafeMutablePointer<AVFrame>
  ) -> (start: UnsafeMutablePointer<UInt8>, stride: Int)? {
    let (start, stride) =
      switch index {
      case 0: unsafe (frame.pointee.data.0, frame.pointee.linesize.0)
      case 1: unsafe (frame.pointee.data.1, frame.pointee.linesize.1)
      case 2: unsafe (frame.pointee.data.2, frame.pointee.linesize.2)
      default: unsafe (frame.pointee.data.3, frame.pointee.linesize.3)
      }
    return unsafe start.map { unsafe ($0, Int(stride)) }
  }

  /// The values that belong to columns and rows of the picture, which must lie in it.
  func values(x: Range<Int>, y: Range<Int>) -> (columns: Range<Int>, rows: Range<Int>) {
    (
      x.lowerBound >> shiftX..<((x.upperBound - 1) >> shiftX) + 1,
      y.lowerBound >> shiftY..<((y.upperBound - 1) >> shiftY) + 1
    )
  }

  /// The value at a place, which must be within ``columns`` and ``rows``.
  subscript(x: Int, y: Int) -> Int {
    let at = unsafe start + (y * stride + x * step)
    guard isWide else { return unsafe Int(at.pointee) }
    return unsafe Int(UnsafeRawPointer(at).loadUnaligned(as: UInt16.self)) >> shift
  }

  /// Writes one value to columns of a row, which must be within ``columns`` and ``rows``.
  func fill(row: Int, _ range: Range<Int>, _ value: Int) {
    let first = unsafe start + (row * stride + range.lowerBound * step)
    if !isWide {
      let byte = UInt8(truncatingIfNeeded: value)
      if step == 1 { return unsafe first.update(repeating: byte, count: range.count) }
      for index in 0..<range.count { unsafe first[index * step] = byte }
      return
    }
    let word = UInt16(truncatingIfNeeded: value << shift)
    for index in 0..<range.count {
      unsafe UnsafeMutableRawPointer(first + index * step).storeBytes(of: word, as: UInt16.self)
    }
  }
}
