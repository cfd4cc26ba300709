@_spi(Pixels) public import Pipeline

/// A picture in shades of grey, for tests of stages that read pixels.
public final class GrayPicture: FrameImage {
  public let width: Int
  public let height: Int
  private let values: [UInt8]

  /// - Parameter values: row by row, in 0...255.
  public init(width: Int, height: Int, values: [UInt8]) {
    precondition(values.count == width * height, "\(values.count) values for \(width) x \(height) pixels")
    self.width = width
    self.height = height
    self.values = values
  }

  /// One shade everywhere.
  public convenience init(width: Int, height: Int, value: UInt8) {
    self.init(width: width, height: height, values: Array(repeating: value, count: width * height))
  }
}

extension GrayPicture: ReadablePicture {
  package func withPlanes<Result>(_ body: (PixelPlanes) throws -> Result) rethrows -> Result? {
    try unsafe values.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return nil }
      // SAFETY: the values lie in `height` rows of `width` bytes, for the time of the call.
      let plane = unsafe PixelPlanes.Plane(start: start, byteWidth: width, height: height, stride: width)
      return try body(PixelPlanes(format: "gray", isFullRange: true, planes: [plane]))
    }
  }
}
