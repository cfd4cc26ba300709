/// A point in pixels.
public struct Point: Hashable, Sendable, Codable {
  public var x: Float
  public var y: Float

  public init(x: Float, y: Float) {
    self.x = x
    self.y = y
  }
}
