/// Draws on a picture in planar YUV 4:2:0 with 8 bits. Everything is clipped to the picture; nothing is allocated.
///
/// The planes are lent: a canvas must not outlive the call that made it.
@safe struct PlanarCanvas: ~Copyable {
  // SAFETY: the maker of a canvas vouches for the planes (see init); every write below is clipped to them first.
  private let luma: UnsafeMutablePointer<UInt8>
  private let lumaStride: Int
  private let u: UnsafeMutablePointer<UInt8>
  private let uStride: Int
  private let v: UnsafeMutablePointer<UInt8>
  private let vStride: Int
  /// In pixels.
  let width: Int
  let height: Int
  /// How the picture's numbers are read.
  let color: PictureColor

  /// - Parameters: planes of `height` rows of `width` bytes (chroma: half of both, rounded up) at the given strides,
  ///   in bytes, valid and used by nobody else while the canvas is used.
  @unsafe init(
    luma: UnsafeMutablePointer<UInt8>, lumaStride: Int, u: UnsafeMutablePointer<UInt8>, uStride: Int,
    v: UnsafeMutablePointer<UInt8>, vStride: Int, width: Int, height: Int,
    color: PictureColor = YUVColor.reference
  ) {
    unsafe self.luma = luma
    self.lumaStride = lumaStride
    unsafe self.u = u
    self.uStride = uStride
    unsafe self.v = v
    self.vStride = vStride
    self.width = width
    self.height = height
    self.color = color
  }

  /// Fills the pixels x0..<x1, y0..<y1.
  func fill(x0: Int, y0: Int, x1: Int, y1: Int, _ color: YUVColor) {
    let x0 = max(0, x0), y0 = max(0, y0), x1 = min(width, x1), y1 = min(height, y1)
    guard x0 < x1, y0 < y1 else { return }
    let color = color.coded(as: self.color)
    fillLuma(x0: x0, y0: y0, x1: x1, y1: y1, color.y)
    let left = x0 / 2, count = (x1 + 1) / 2 - left
    for row in y0 / 2..<(y1 + 1) / 2 {
      // SAFETY: 0 <= left, left + count <= (width + 1) / 2 and row < (height + 1) / 2 by the clipping above.
      unsafe (u + (row * uStride + left)).update(repeating: color.u, count: count)
      unsafe (v + (row * vStride + left)).update(repeating: color.v, count: count)
    }
  }

  /// Draws the outline of a rectangle, its lines lying inside.
  func stroke(x0: Int, y0: Int, x1: Int, y1: Int, thickness: Int, _ color: YUVColor) {
    let t = min(thickness, max(1, (min(x1 - x0, y1 - y0) + 1) / 2))
    fill(x0: x0, y0: y0, x1: x1, y1: y0 + t, color)
    fill(x0: x0, y0: y1 - t, x1: x1, y1: y1, color)
    fill(x0: x0, y0: y0 + t, x1: x0 + t, y1: y1 - t, color)
    fill(x0: x1 - t, y0: y0 + t, x1: x1, y1: y1 - t, color)
  }

  /// Draws the corners of the outline of a rectangle, each line a quarter of its side, lying inside.
  func strokeCorners(x0: Int, y0: Int, x1: Int, y1: Int, thickness: Int, _ color: YUVColor) {
    let t = min(thickness, max(1, (min(x1 - x0, y1 - y0) + 1) / 2))
    let w = max(t, (x1 - x0) / 4), h = max(t, (y1 - y0) / 4)
    for (left, right) in [(x0, x0 + w), (x1 - w, x1)] {
      fill(x0: left, y0: y0, x1: right, y1: y0 + t, color)
      fill(x0: left, y0: y1 - t, x1: right, y1: y1, color)
    }
    for (top, bottom) in [(y0, y0 + h), (y1 - h, y1)] {
      fill(x0: x0, y0: top, x1: x0 + t, y1: bottom, color)
      fill(x0: x1 - t, y0: top, x1: x1, y1: bottom, color)
    }
  }

  /// Draws a straight line, however far outside of the picture its ends are.
  func line(from start: Vertex, to end: Vertex, thickness: Int, _ color: YUVColor) {
    let margin = Double(max(1, thickness))
    guard
      let (a, b) = Self.clip(
        start, end, low: Vertex(-margin, -margin), high: Vertex(Double(width) + margin, Double(height) + margin))
    else { return }
    let way = b - a
    // One stamp a pixel of the longer side; at most a picture and its margins long.
    let steps = max(1, Int(max(abs(way.x), abs(way.y)).rounded(.up)))
    for step in 0...steps {
      let place = a + way * (Double(step) / Double(steps))
      let x = Int(place.x.rounded()) - thickness / 2, y = Int(place.y.rounded()) - thickness / 2
      fill(x0: x, y0: y, x1: x + thickness, y1: y + thickness, color)
    }
  }

  /// The part of a line inside a box (Liang and Barsky 1984); nil without one, and for what is not finite.
  private static func clip(_ a: Vertex, _ b: Vertex, low: Vertex, high: Vertex) -> (Vertex, Vertex)? {
    let way = b - a
    guard way.x.isFinite, way.y.isFinite else { return nil }
    var (enter, leave) = (0.0, 1.0)
    for axis in 0..<2 {
      if way[axis] == 0 {
        if a[axis] < low[axis] || a[axis] > high[axis] { return nil }
        continue
      }
      let first = (low[axis] - a[axis]) / way[axis], second = (high[axis] - a[axis]) / way[axis]
      enter = max(enter, min(first, second))
      leave = min(leave, max(first, second))
    }
    guard enter <= leave else { return nil }
    let clipped = (a + way * enter, a + way * leave)
    // Rounding may leave a little of what was cut away; ends that were very far away leave more than a little.
    return (pointwiseMax(low, pointwiseMin(high, clipped.0)), pointwiseMax(low, pointwiseMin(high, clipped.1)))
  }

  /// Draws characters of ``BitmapFont``, `scale` pixels a dot, the first one's top-left corner at (x, y).
  ///
  /// Only luma is written: at the font's size contrast comes from there, and the plate below has the colour.
  func text(_ characters: [UInt8], x: Int, y: Int, scale: Int, _ color: YUVColor) {
    let luma = color.coded(as: self.color).y
    var left = x
    for character in characters {
      for row in 0..<BitmapFont.height {
        let dots = BitmapFont.row(row, of: character)
        let top = y + row * scale
        var column = 0
        while column < BitmapFont.width {
          let start = column
          while column < BitmapFont.width, dots & (16 >> UInt8(column)) != 0 { column += 1 }
          if column > start {
            fillLuma(x0: left + start * scale, y0: top, x1: left + column * scale, y1: top + scale, luma)
          }
          column += 1
        }
      }
      left += BitmapFont.advance * scale
    }
  }

  private func fillLuma(x0: Int, y0: Int, x1: Int, y1: Int, _ value: UInt8) {
    let x0 = max(0, x0), y0 = max(0, y0), x1 = min(width, x1), y1 = min(height, y1)
    guard x0 < x1, y0 < y1 else { return }
    for row in y0..<y1 {
      // SAFETY: 0 <= x0 < x1 <= width and row < height by the clipping above.
      unsafe (luma + (row * lumaStride + x0)).update(repeating: value, count: x1 - x0)
    }
  }
}
