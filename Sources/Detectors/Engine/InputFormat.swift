import EdgepipeCore

/// How a model wants its picture: what the preprocessing stage must write into the tensor.
public struct InputFormat: Sendable, Hashable, Codable {
  public enum ColorOrder: String, Sendable, Codable { case rgb, bgr }

  /// Where the scaled picture lies in the tensor.
  public enum Placement: String, Sendable, Codable {
    /// In the top-left corner, padding at the right and the bottom.
    case topLeft
    /// In the middle; an odd rest goes to the right and the bottom.
    case centered
    /// Scaled to fill, the aspect ratio not kept.
    case stretch
  }

  public var color: ColorOrder
  public var placement: Placement
  /// The padding's colour, in 0...255, before `mean` and `scale`.
  public var pad: Float
  /// Subtracted from each channel, in the tensor's channel order, in 0...255.
  public var mean: [Float]
  /// Multiplied after subtracting, such as 1/255.
  public var scale: [Float]
  public var element: TensorElement
  /// The order of the dimensions; nil, which is usual, for NCHW or for what the file says.
  public var layout: TensorLayout?

  public init(
    color: ColorOrder, placement: Placement, pad: Float, mean: [Float] = [0, 0, 0], scale: [Float] = [1, 1, 1],
    element: TensorElement = .float32, layout: TensorLayout? = nil
  ) {
    self.color = color
    self.placement = placement
    self.pad = pad
    self.mean = mean
    self.scale = scale
    self.element = element
    self.layout = layout
  }

  /// The tensor's shape for pictures of this size.
  public func shape(batch: Int = 1, height: Int, width: Int) -> [Int] {
    layout == .nhwc ? [batch, height, width, 3] : [batch, 3, height, width]
  }
}
