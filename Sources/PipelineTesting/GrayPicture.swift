@_spi(Pixels) public import Pipeline

/// A picture in shades of grey, for tests of stages that read pixels.
@safe public final class GrayPicture: FrameImage, @unchecked Sendable {
  public let width: Int
  public let height: Int
  // SAFETY (@unchecked Sendable): written in init alone, freed once, in deinit.
  private let values: UnsafeMutableBufferPointer<UInt8>

  /// - Parameter values: row by row, in 0...255.
  public init(width: Int, height: Int, values: [UInt8]) {
    precondition(values.count == width * height, "\(values.count) values for \(width) x \(height) pixels")
    self.width = width
    self.height = height
    unsafe self.values = .allocate(capacity: values.count)
    _ = unsafe self.values.initialize(from: values)
  }

  deinit { unsafe values.deallocate() }

  /// One shade everywhere.
  public convenience init(width: Int, height: Int, value: UInt8) {
    self.init(width: width, height: height, values: Array(repeating: value, count: width * height))
  }
}

extension GrayPicture: ReadablePicture {
  package func withPlanes<Result>(_ body: (PixelPlanes) throws -> Result) rethrows -> Result? {
    guard let start = unsafe values.baseAddress else { return nil }
    // SAFETY: the values lie in `height` rows of `width` bytes, and live as long as this picture.
    let plane = unsafe PixelPlanes.Plane(
      start: UnsafePointer(start), byteWidth: width, height: height, stride: width, of: self)
    return try body(PixelPlanes(format: "gray", isFullRange: true, planes: [plane]))
  }
}
