public import EdgepipeCore

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

/// The `shape` option of a stage that runs a model.
public enum InputShape: Sendable, Hashable {
  /// The smallest rectangle of 32-multiples that holds the picture, its longer side the model's nominal size.
  case auto
  /// The model's nominal size in both directions.
  case square
  /// Exactly this, in pixels.
  case fixed(height: Int, width: Int)
}

/// `"auto"`, `"square"` or `[height, width]`.
extension InputShape: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let word = try? value.decode(String.self) {
      switch word {
      case "auto": self = .auto
      case "square": self = .square
      default: throw DecodingError.dataCorruptedError(in: value, debugDescription: "'\(word)' is not a shape")
      }
      return
    }
    let sizes = try value.decode([Int].self)
    guard sizes.count == 2, sizes.allSatisfy({ $0 > 0 }) else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "a shape is [height, width]")
    }
    self = .fixed(height: sizes[0], width: sizes[1])
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .auto: try value.encode("auto")
    case .square: try value.encode("square")
    case .fixed(let height, let width): try value.encode([height, width])
    }
  }
}

/// What one consumer of preprocessed pictures asks for. Equal requests share one tensor.
public struct InputRequest: Sendable, Hashable {
  public var format: InputFormat
  public var shape: InputShape
  /// The model's nominal side, in pixels.
  public var nominalSize: Int
  /// Input sides must be multiples of this.
  public var stride: Int

  public init(format: InputFormat, shape: InputShape, nominalSize: Int, stride: Int = 32) {
    self.format = format
    self.shape = shape
    self.nominalSize = nominalSize
    self.stride = stride
  }
}

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

/// A preprocessed picture on its way to a model: hung on the frame under the consuming stage's id.
public final class ModelInput: Sendable {
  public let tensor: Tensor
  public let geometry: LetterboxGeometry

  public init(tensor: Tensor, geometry: LetterboxGeometry) {
    self.tensor = tensor
    self.geometry = geometry
  }
}
