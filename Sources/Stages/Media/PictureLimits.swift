/// The largest picture that is decoded: beyond it, memory is refused before it is taken.
enum PictureLimits {
  /// In pixels, for either side.
  static let side = 16_384
  /// In pixels: 8192 x 8192.
  static let area = 67_108_864

  static let text = "the limit is \(side) pixels a side and \(area / 1_000_000) million pixels"

  static func allow(width: Int, height: Int) -> Bool {
    guard width <= side, height <= side else { return false }
    return width * height <= area
  }
}
