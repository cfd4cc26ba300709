public import EdgepipeCore

/// How a source picture was placed in a tensor: source = (input - offset) / scale, for each axis.
public struct LetterboxGeometry: Sendable, Hashable {
  public var sourceWidth: Int
  public var sourceHeight: Int
  public var inputWidth: Int
  public var inputHeight: Int
  /// Input pixels a source pixel.
  public var scaleX: Float
  public var scaleY: Float
  /// Padding before the picture, in input pixels.
  public var offsetX: Int
  public var offsetY: Int
  /// The scaled picture, in input pixels.
  public var contentWidth: Int
  public var contentHeight: Int
  /// Width to height of a source pixel.
  public var pixelAspect: Double

  /// The geometry for a source picture of the given size: scale r = min(H/h, W/w), sizes rounded down.
  ///
  /// - Parameter pixelAspect: width to height of a pixel: the model sees things in their true proportions, w being the
  ///   width in pixels as wide as they are high.
  public init(sourceWidth: Int, sourceHeight: Int, pixelAspect: Double = 1, request: InputRequest) {
    let stride = max(1, request.stride)
    func roundedUp(_ value: Int) -> Int { max(stride, (value + stride - 1) / stride * stride) }
    let width = max(1, sourceWidth), height = max(1, sourceHeight)
    self.pixelAspect = pixelAspect > 0 && pixelAspect.isFinite ? pixelAspect : 1
    let shownWidth = Double(width) * self.pixelAspect
    switch request.shape {
    case .fixed(let h, let w): (inputHeight, inputWidth) = (h, w)
    case .square: (inputHeight, inputWidth) = (request.nominalSize, request.nominalSize)
    case .auto:
      let r = min(Double(request.nominalSize) / shownWidth, Double(request.nominalSize) / Double(height))
      inputWidth = roundedUp(Int(shownWidth * r))
      inputHeight = roundedUp(Int(Double(height) * r))
    }
    self.sourceWidth = width
    self.sourceHeight = height
    if request.format.placement == .stretch {
      (scaleX, scaleY) = (Float(inputWidth) / Float(width), Float(inputHeight) / Float(height))
      (contentWidth, contentHeight, offsetX, offsetY) = (inputWidth, inputHeight, 0, 0)
      return
    }
    let r = min(Double(inputWidth) / shownWidth, Double(inputHeight) / Double(height))
    (scaleX, scaleY) = (Float(r * self.pixelAspect), Float(r))
    contentWidth = min(inputWidth, max(1, Int(shownWidth * r)))
    contentHeight = min(inputHeight, max(1, Int(Double(height) * r)))
    let centered = request.format.placement == .centered
    offsetX = centered ? (inputWidth - contentWidth) / 2 : 0
    offsetY = centered ? (inputHeight - contentHeight) / 2 : 0
  }

  /// A point of the input tensor in source pixels.
  public func toSource(_ point: Point) -> Point {
    Point(x: (point.x - Float(offsetX)) / scaleX, y: (point.y - Float(offsetY)) / scaleY)
  }

  /// A box of the input tensor in source pixels, clipped to the picture.
  public func toSource(_ box: Box) -> Box {
    Box(
      x: (box.x - Float(offsetX)) / scaleX, y: (box.y - Float(offsetY)) / scaleY,
      width: box.width / scaleX, height: box.height / scaleY
    ).clipped(toWidth: Float(sourceWidth), height: Float(sourceHeight))
  }
}
