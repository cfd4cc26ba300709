/// Numbers in half precision (IEEE 754 binary16) as float32, in memory that is used again for every frame.
///
/// Used by one thread at a time.
@safe final class HalfFloats {
  // SAFETY: allocated for `capacity` floats, freed in deinit or when more are needed.
  private var memory: UnsafeMutablePointer<Float>?
  private var capacity = 0

  deinit { unsafe memory?.deallocate() }

  /// Valid until the next call.
  func widen(_ halves: UnsafeBufferPointer<UInt16>) -> UnsafeBufferPointer<Float> {
    if capacity < halves.count {
      unsafe memory?.deallocate()
      unsafe memory = .allocate(capacity: halves.count)
      capacity = halves.count
    }
    guard let target = unsafe memory, let source = halves.baseAddress else {
      return unsafe UnsafeBufferPointer(start: nil, count: 0)
    }
    // SAFETY: both hold `halves.count` elements.
    for index in 0..<halves.count { unsafe target[index] = Self.widen(source[index]) }
    return unsafe UnsafeBufferPointer(start: target, count: halves.count)
  }

  /// Without branches, so that the loop vectorizes; processors of small machines may have no instruction for it.
  @inline(__always) static func widen(_ half: UInt16) -> Float {
    let magnitude = UInt32(half & 0x7FFF) << 13
    // 2^112 moves the exponent; it makes ordinary numbers of the denormal ones as well.
    let scaled = (Float(bitPattern: magnitude) * Float(bitPattern: 0x7780_0000)).bitPattern
    // Infinities and NaN have all bits of the exponent set.
    let special: UInt32 = half & 0x7C00 == 0x7C00 ? 0x7F80_0000 : 0
    return Float(bitPattern: scaled | special | UInt32(half & 0x8000) << 16)
  }
}
