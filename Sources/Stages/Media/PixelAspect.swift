import CFFmpeg

/// The shape of a pixel, width to height: 1 for square ones, above 1 for wide ones.
enum PixelAspect {
  /// Nobody's pixels are thinner than this; such numbers are mistakes.
  private static let plausible = 0.1...10.0

  static func ratio(_ aspect: AVRational) -> Double {
    guard aspect.num > 0, aspect.den > 0 else { return 1 }
    let ratio = Double(aspect.num) / Double(aspect.den)
    return plausible.contains(ratio) ? ratio : 1
  }

  /// The size at which a picture shows its things in their true proportions, no side smaller than it is, and within the
  /// limits of pictures.
  static func squareSize(width: Int, height: Int, aspect: Double) -> (width: Int, height: Int) {
    guard aspect != 1, aspect.isFinite, aspect > 0 else { return (width, height) }
    let wide = Double(width) * max(1, aspect), high = Double(height) * max(1, 1 / aspect)
    let fit = min(
      1, Double(PictureLimits.side) / max(wide, high), (Double(PictureLimits.area) / (wide * high)).squareRoot())
    return (max(1, Int((wide * fit).rounded())), max(1, Int((high * fit).rounded())))
  }
}
