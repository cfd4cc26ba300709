/// An axis-aligned box in pixels: the top-left corner and the size.
///
/// Coordinates are those of the source picture after rotation unless a function says otherwise; fractions are kept.
public struct Box: Hashable, Sendable, Codable {
  public var x: Float
  public var y: Float
  public var width: Float
  public var height: Float

  public init(x: Float, y: Float, width: Float, height: Float) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  public init(centerX: Float, centerY: Float, width: Float, height: Float) {
    self.init(x: centerX - width / 2, y: centerY - height / 2, width: width, height: height)
  }

  public var maxX: Float { x + width }
  public var maxY: Float { y + height }
  public var area: Float { max(0, width) * max(0, height) }
  public var isFinite: Bool { x.isFinite && y.isFinite && width.isFinite && height.isFinite }

  /// Intersection over union, 0 for empty or disjoint boxes; in 0...1.
  public func iou(_ other: Box) -> Float {
    let w = min(maxX, other.maxX) - max(x, other.x)
    let h = min(maxY, other.maxY) - max(y, other.y)
    guard w > 0, h > 0 else { return 0 }
    let intersection = w * h
    let union = area + other.area - intersection
    return union > 0 ? intersection / union : 0
  }

  /// The part of this box that lies inside a picture of `width` x `height` pixels.
  public func clipped(toWidth width: Float, height: Float) -> Box {
    let x0 = min(max(x, 0), width), y0 = min(max(y, 0), height)
    let x1 = min(max(maxX, 0), width), y1 = min(max(maxY, 0), height)
    return Box(x: x0, y: y0, width: max(0, x1 - x0), height: max(0, y1 - y0))
  }
}
