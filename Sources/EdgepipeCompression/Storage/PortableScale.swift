/// What the integers of one tensor of a portable model stand for: value = scale x (integer - zero), one scale for the
/// whole tensor.
struct PortableScale: Equatable {
  var scale: Float
  /// A byte in 0...255, or 0 where integers are signed.
  var zero: Int

  init(scale: Float, zero: Int) { (self.scale, self.zero) = (scale, zero) }

  /// The scale whose integers hold a range of values, and zero.
  ///
  /// - Parameter isSigned: int8 around zero; otherwise uint8 from the range's low end on.
  init(_ range: ChannelRange, isSigned: Bool) {
    let low = min(range.low, 0), high = max(range.high, 0)
    if isSigned {
      scale = Self.usable(max(-low, high) / 127)
      zero = 0
    } else {
      scale = Self.usable((high - low) / 255)
      zero = max(0, min(255, Int((-low / Double(scale)).rounded())))
    }
  }

  /// A tensor that is zero throughout must not be divided by zero.
  private static func usable(_ scale: Double) -> Float { scale > 1e-12 && scale.isFinite ? Float(scale) : 1 }

  /// The same for the arithmetic of convolutions.
  func tensor(channels: Int) -> TensorScale {
    TensorScale(scales: Array(repeating: Double(scale), count: channels), zero: Double(zero))
  }
}
