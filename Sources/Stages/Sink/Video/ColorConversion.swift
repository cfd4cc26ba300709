import CFFmpeg
import EdgepipeCore

/// Turns planar YUV 4:2:0 of 8 bits from one range and matrix into another, in place.
///
/// swscale goes by way of RGB for another matrix, which takes three times as long as scaling itself. Between two YCbCr
/// codings no red, green or blue is needed: with brightness Y in 0...1 and differences U, V in -0.5...0.5,
///
///     Y' = Y + a U + b V      U' = c U + d V      V' = e U + f V
///
/// where the six follow from the matrices' weights of red and blue (ITU-R BT.601-7, BT.709-6, BT.2020-2).
struct ColorConversion: Sendable, Hashable {
  /// Coefficients are in steps of 1 / 256, so that sums fit in 16 bits.
  private static let shift: Int16 = 8

  private struct Row: Sendable, Hashable {
    /// Of brightness, U and V, less the identity's.
    let y: Int16
    let u: Int16
    let v: Int16
    /// Before the shift, with the half that rounds.
    let offset: Int16

    /// Nil where sums would not fit.
    init?(_ y: Double, _ u: Double, _ v: Double, offset: Double) {
      func steps(_ value: Double) -> Double { (value * 256).rounded() }
      let most = 255 * abs(steps(y)) + 128 * (abs(steps(u)) + abs(steps(v))) + abs(steps(offset + 0.5))
      guard most <= Double(Int16.max) else { return nil }
      (self.y, self.u, self.v) = (Int16(steps(y)), Int16(steps(u)), Int16(steps(v)))
      self.offset = Int16(steps(offset + 0.5))
    }
  }

  private let luma: Row
  private let u: Row
  private let v: Row

  /// - Returns: nil for codings that differ too much.
  init?(from source: PictureColor, to target: PictureColor) {
    let a = source.weights, b = target.weights
    let (inY, inC) = Self.ranges(source), (outY, outC) = Self.ranges(target)
    let aGreen = 1 - a.red - a.blue, bGreen = 1 - b.red - b.blue
    // What one unit of U and of V adds to red, green and blue.
    let blueOfU = 2 * (1 - a.blue), redOfV = 2 * (1 - a.red)
    let greenOfU = -a.blue * blueOfU / aGreen, greenOfV = -a.red * redOfV / aGreen
    let yOfU = bGreen * greenOfU + b.blue * blueOfU, yOfV = b.red * redOfV + bGreen * greenOfV
    let uScale = 1 / (2 * (1 - b.blue)), vScale = 1 / (2 * (1 - b.red))
    // In numbers of the planes.
    let gain = outY.span / inY.span, chroma = outC / inC, both = outY.span / inC
    guard
      let luma = Row(gain - 1, yOfU * both, yOfV * both, offset: outY.low - inY.low * gain),
      let u = Row(0, (blueOfU - yOfU) * uScale * chroma - 1, -yOfV * uScale * chroma, offset: 0),
      let v = Row(0, -yOfU * vScale * chroma, (redOfV - yOfV) * vScale * chroma - 1, offset: 0)
    else { return nil }
    (self.luma, self.u, self.v) = (luma, u, v)
  }

  /// - Parameter frame: 4:2:0, 8 bits, width and height even, with memory of its own.
  func apply(to frame: UnsafeMutablePointer<AVFrame>) {
    guard let y = unsafe frame.pointee.data.0, let u = unsafe frame.pointee.data.1, let v = unsafe frame.pointee.data.2
    else { return }
    let width = unsafe Int(frame.pointee.width), height = unsafe Int(frame.pointee.height)
    let yStride = unsafe Int(frame.pointee.linesize.0), uStride = unsafe Int(frame.pointee.linesize.1)
    let vStride = unsafe Int(frame.pointee.linesize.2)
    for row in 0..<height / 2 {
      // SAFETY: chroma row `row` belongs to luma rows `2 row` and `2 row + 1`, all of them inside of the planes.
      unsafe apply(
        y + 2 * row * yStride, y + (2 * row + 1) * yStride, u + row * uStride, v + row * vStride, count: width / 2)
    }
  }

  private typealias Sixteen = SIMD16<Int16>

  private func apply(
    _ upper: UnsafeMutablePointer<UInt8>, _ lower: UnsafeMutablePointer<UInt8>, _ u: UnsafeMutablePointer<UInt8>,
    _ v: UnsafeMutablePointer<UInt8>, count: Int
  ) {
    var column = 0
    while column + 16 <= count {
      // SAFETY: 16 chroma values and 32 of luma lie before the rows' ends.
      unsafe apply(
        UnsafeMutableRawPointer(upper + 2 * column), UnsafeMutableRawPointer(lower + 2 * column),
        UnsafeMutableRawPointer(u + column), UnsafeMutableRawPointer(v + column))
      column += 16
    }
    while column < count {
      // SAFETY: `column` is below the row's count, and luma has two of each.
      let cu = unsafe Int(u[column]) - 128, cv = unsafe Int(v[column]) - 128
      for x in 2 * column...2 * column + 1 {
        unsafe upper[x] = Self.value(luma, Int(upper[x]), cu, cv)
        unsafe lower[x] = Self.value(luma, Int(lower[x]), cu, cv)
      }
      unsafe u[column] = Self.value(self.u, cu + 128, cu, cv)
      unsafe v[column] = Self.value(self.v, cv + 128, cu, cv)
      column += 1
    }
  }

  private static func value(_ row: Row, _ old: Int, _ u: Int, _ v: Int) -> UInt8 {
    let change = Int(row.y) * old + Int(row.u) * u + Int(row.v) * v + Int(row.offset)
    return UInt8(clamping: old + (change >> Int(shift)))
  }

  /// 32 pixels of two rows, and their 16 of chroma.
  @inline(__always)
  private func apply(
    _ upper: UnsafeMutableRawPointer, _ lower: UnsafeMutableRawPointer, _ u: UnsafeMutableRawPointer,
    _ v: UnsafeMutableRawPointer
  ) {
    let oldU = unsafe Sixteen(truncatingIfNeeded: u.loadUnaligned(as: SIMD16<UInt8>.self))
    let oldV = unsafe Sixteen(truncatingIfNeeded: v.loadUnaligned(as: SIMD16<UInt8>.self))
    let cu = oldU &- Sixteen(repeating: 128), cv = oldV &- Sixteen(repeating: 128)
    let lumaChange = Self.change(luma, cu, cv)
    unsafe apply(upper, lumaChange)
    unsafe apply(lower, lumaChange)
    let newU = Self.values(self.u, oldU, Self.change(self.u, cu, cv))
    let newV = Self.values(self.v, oldV, Self.change(self.v, cu, cv))
    unsafe u.storeBytes(of: newU, as: SIMD16<UInt8>.self)
    unsafe v.storeBytes(of: newV, as: SIMD16<UInt8>.self)
  }

  /// 32 pixels of a row.
  @inline(__always)
  private func apply(_ row: UnsafeMutableRawPointer, _ change: Sixteen) {
    let pixels = unsafe row.loadUnaligned(as: SIMD32<UInt8>.self)
    var result = SIMD32<UInt8>()
    result.evenHalf = Self.values(luma, Sixteen(truncatingIfNeeded: pixels.evenHalf), change)
    result.oddHalf = Self.values(luma, Sixteen(truncatingIfNeeded: pixels.oddHalf), change)
    unsafe row.storeBytes(of: result, as: SIMD32<UInt8>.self)
  }

  /// What the differences add, before the shift.
  @inline(__always)
  private static func change(_ row: Row, _ u: Sixteen, _ v: Sixteen) -> Sixteen {
    let ofU: Sixteen = u &* Sixteen(repeating: row.u), ofV: Sixteen = v &* Sixteen(repeating: row.v)
    return ofU &+ ofV &+ Sixteen(repeating: row.offset)
  }

  @inline(__always)
  private static func values(_ row: Row, _ old: Sixteen, _ change: Sixteen) -> SIMD16<UInt8> {
    let product: Sixteen = old &* Sixteen(repeating: row.y) &+ change
    let sum: Sixteen = old &+ (product &>> Sixteen(repeating: shift))
    let low = Sixteen(repeating: 0), high = Sixteen(repeating: 255)
    return SIMD16<UInt8>(truncatingIfNeeded: sum.clamped(lowerBound: low, upperBound: high))
  }

  /// Black and the way to white of brightness, and the way from one end to the other of the differences.
  private static func ranges(_ color: PictureColor) -> (y: (low: Double, span: Double), c: Double) {
    if color.isFullRange { return (y: (low: 0, span: 255), c: 255) }
    return (y: (low: 16, span: 219), c: 224)
  }
}
