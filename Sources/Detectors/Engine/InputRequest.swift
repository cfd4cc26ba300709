import EdgepipeCore

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
