import CFFmpeg

/// A colour to draw with, in limited-range BT.601 YCbCr unless it was coded otherwise.
struct YUVColor: Hashable, Sendable {
  /// What a colour is in until it is ``coded(as:)`` something else.
  static let reference = PictureColor(isFullRange: false, matrix: SWS_CS_ITU601)

  let y: UInt8
  let u: UInt8
  let v: UInt8
  private let red: UInt8
  private let green: UInt8
  private let blue: UInt8

  /// From red, green and blue in 0...255 (ITU-R BT.601, 8 bits).
  init(red: Int, green: Int, blue: Int) {
    func byte(_ value: Int) -> UInt8 { UInt8(min(255, max(0, value))) }
    (self.red, self.green, self.blue) = (byte(red), byte(green), byte(blue))
    func clamped(_ value: Int) -> UInt8 { UInt8(min(240, max(16, value))) }
    y = clamped(16 + (66 * red + 129 * green + 25 * blue + 128) >> 8)
    u = clamped(128 + (-38 * red - 74 * green + 112 * blue + 128) >> 8)
    v = clamped(128 + (112 * red - 94 * green - 18 * blue + 128) >> 8)
  }

  private init(_ rgb: YUVColor, y: Double, u: Double, v: Double) {
    func byte(_ value: Double) -> UInt8 { UInt8(min(255, max(0, value.rounded()))) }
    (red, green, blue) = (rgb.red, rgb.green, rgb.blue)
    (self.y, self.u, self.v) = (byte(y), byte(u), byte(v))
  }

  /// The same colour for pictures whose numbers are read otherwise (ITU-T H.273).
  func coded(as color: PictureColor) -> YUVColor {
    if color.isFullRange == Self.reference.isFullRange,
      color.weights == Self.reference.weights
    {
      return self
    }
    let weight = color.weights
    let r = Double(red), g = Double(green), b = Double(blue)
    let y = weight.red * r + (1 - weight.red - weight.blue) * g + weight.blue * b
    let u = (b - y) / (2 * (1 - weight.blue)), v = (r - y) / (2 * (1 - weight.red))
    return color.isFullRange
      ? YUVColor(self, y: y, u: 128 + u, v: 128 + v)
      : YUVColor(self, y: 16 + y * 219 / 255, u: 128 + u * 224 / 255, v: 128 + v * 224 / 255)
  }

  static let black = YUVColor(red: 0, green: 0, blue: 0)
  static let white = YUVColor(red: 255, green: 255, blue: 255)
  /// Faces, whatever their track: not in the palette.
  static let face = YUVColor(red: 0, green: 255, blue: 255)
  /// Lines, zones, and zones that somebody is in: not in the palette either.
  static let line = YUVColor(red: 255, green: 0, blue: 255)
  static let zone = YUVColor(red: 220, green: 220, blue: 220)
  static let activeZone = YUVColor(red: 255, green: 80, blue: 0)
  static let landmark = YUVColor(red: 255, green: 60, blue: 200)

  /// Black on light colours, white on dark ones.
  var contrast: YUVColor { y > 135 ? .black : .white }

  /// Twelve colours that are told apart at a glance, also side by side.
  static let palette: [YUVColor] = [
    YUVColor(red: 60, green: 200, blue: 75), YUVColor(red: 255, green: 140, blue: 0),
    YUVColor(red: 70, green: 120, blue: 255), YUVColor(red: 255, green: 225, blue: 25),
    YUVColor(red: 230, green: 30, blue: 60), YUVColor(red: 190, green: 80, blue: 240),
    YUVColor(red: 170, green: 255, blue: 60), YUVColor(red: 255, green: 150, blue: 190),
    YUVColor(red: 0, green: 140, blue: 130), YUVColor(red: 250, green: 110, blue: 90),
    YUVColor(red: 160, green: 110, blue: 50), YUVColor(red: 150, green: 190, blue: 255),
  ]

  /// The palette's colour for a track or a class; any number will do.
  static func of(_ number: Int) -> YUVColor { palette[Int(UInt(bitPattern: number) % UInt(palette.count))] }
}
