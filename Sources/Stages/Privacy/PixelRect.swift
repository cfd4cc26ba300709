import EdgepipeCore

/// Whole pixels of a picture: columns x0..<x1 of the rows y0..<y1.
struct PixelRect: Hashable, Sendable {
  var x0: Int
  var y0: Int
  var x1: Int
  var y1: Int

  init(x0: Int, y0: Int, x1: Int, y1: Int) { (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1) }

  /// Every pixel that the box touches, of a picture of this size. A box that is not finite could be anywhere: the whole
  /// picture.
  init(_ box: Box, width: Int, height: Int) {
    guard box.isFinite, box.maxX.isFinite, box.maxY.isFinite else {
      self.init(x0: 0, y0: 0, x1: width, y1: height)
      return
    }
    func pixel(_ value: Float, _ limit: Int) -> Int { Int(min(max(value, 0), Float(limit))) }
    self.init(
      x0: pixel(box.x.rounded(.down), width), y0: pixel(box.y.rounded(.down), height),
      x1: pixel(box.maxX.rounded(.up), width), y1: pixel(box.maxY.rounded(.up), height))
  }

  var isEmpty: Bool { x0 >= x1 || y0 >= y1 }

  /// Moved outwards to whole samples of all components.
  ///
  /// - Parameters:
  ///   - shiftX: the logarithm of how many columns share a sample, in the component with the fewest.
  ///   - shiftY: the same for rows.
  func aligned(shiftX: Int, shiftY: Int, width: Int, height: Int) -> PixelRect {
    func up(_ value: Int, _ shift: Int) -> Int { ((value + (1 << shift) - 1) >> shift) << shift }
    return PixelRect(
      x0: (x0 >> shiftX) << shiftX, y0: (y0 >> shiftY) << shiftY, x1: min(width, up(x1, shiftX)),
      y1: min(height, up(y1, shiftY)))
  }
}
