import CFFmpeg
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite("From one range and matrix to another")
struct ColorConversionTests {
  private static let matrices = [SWS_CS_ITU601, SWS_CS_ITU709, SWS_CS_FCC, SWS_CS_SMPTE240M, SWS_CS_BT2020]
  private static let colors = matrices.flatMap { matrix in
    [false, true].map { PictureColor(isFullRange: $0, matrix: matrix) }
  }

  /// Red's and blue's share of the brightness.
  private static func weights(_ matrix: Int32) -> (Double, Double) {
    switch matrix {
    case SWS_CS_ITU709: (0.2126, 0.0722)
    case SWS_CS_FCC: (0.30, 0.11)
    case SWS_CS_SMPTE240M: (0.212, 0.087)
    case SWS_CS_BT2020: (0.2627, 0.0593)
    default: (0.299, 0.114)
    }
  }

  /// By way of red, green and blue, as the standards define them.
  private static func exact(_ old: [Double], _ from: PictureColor, _ to: PictureColor) -> [Double] {
    let (kr, kb) = weights(from.matrix), (nr, nb) = weights(to.matrix)
    let y = from.isFullRange ? old[0] / 255 : (old[0] - 16) / 219
    let u = (old[1] - 128) / (from.isFullRange ? 255 : 224), v = (old[2] - 128) / (from.isFullRange ? 255 : 224)
    let red = y + 2 * (1 - kr) * v, blue = y + 2 * (1 - kb) * u
    let green = (y - kr * red - kb * blue) / (1 - kr - kb)
    let bright = nr * red + (1 - nr - nb) * green + nb * blue
    let newU = (blue - bright) / (2 * (1 - nb)), newV = (red - bright) / (2 * (1 - nr))
    return [
      to.isFullRange ? bright * 255 : 16 + 219 * bright, 128 + newU * (to.isFullRange ? 255 : 224),
      128 + newV * (to.isFullRange ? 255 : 224),
    ].map { min(max($0, 0), 255) }
  }

  @Test("given any two codings, when a picture is converted, then each value is within two steps of the standards' one")
  func everyPair() throws {
    var random = SplitMix64(seed: 5), converted = 0
    for from in Self.colors {
      for to in Self.colors where from != to {
        guard let conversion = ColorConversion(from: from, to: to) else { continue }
        converted += 1
        let width = 2 * Int.random(in: 1...50, using: &random), height = 2 * Int.random(in: 1...4, using: &random)
        let picture = try PictureCopy(width: width, height: height, color: to)
        try unsafe picture.withFrame { frame in
          let planes = try unsafe (0..<3).map { plane in
            try unsafe #require([frame.pointee.data.0, frame.pointee.data.1, frame.pointee.data.2][plane])
          }
          let strides = unsafe [frame.pointee.linesize.0, frame.pointee.linesize.1, frame.pointee.linesize.2].map(
            Int.init)
          var old: [[UInt8]] = []
          for plane in 0..<3 {
            let shift = plane == 0 ? 0 : 1
            var values: [UInt8] = []
            for row in 0..<(height >> shift) {
              for column in 0..<(width >> shift) {
                let value = UInt8.random(in: 0...255, using: &random)
                unsafe planes[plane][row * strides[plane] + column] = value
                values.append(value)
              }
            }
            old.append(values)
          }
          unsafe conversion.apply(to: frame)
          var worst = 0.0
          for row in 0..<height {
            for column in 0..<width {
              let chroma = row / 2 * (width / 2) + column / 2
              let exact = Self.exact(
                [Double(old[0][row * width + column]), Double(old[1][chroma]), Double(old[2][chroma])], from, to)
              worst = unsafe max(
                worst, abs(Double(planes[0][row * strides[0] + column]) - exact[0]),
                abs(Double(planes[1][row / 2 * strides[1] + column / 2]) - exact[1]),
                abs(Double(planes[2][row / 2 * strides[2] + column / 2]) - exact[2]))
            }
          }
          #expect(worst <= 2, "\(from) to \(to), \(width)x\(height)")
        }
      }
    }
    // The others are swscale's.
    #expect(converted >= 60, "\(converted) of 90 pairs")
    for color in Self.colors where color != .jpeg {
      #expect(ColorConversion(from: color, to: .jpeg) != nil, "\(color)")
    }
  }
}
