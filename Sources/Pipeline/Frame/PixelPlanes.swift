/// The pixels of a frame as the decoder left them, lent for the time of a closure; nothing is copied.
///
/// What a stage of another package may read: its form may still change with a minor version.
@_spi(Pixels) public struct PixelPlanes {
  /// How values are laid out: FFmpeg's name, such as `yuv420p`, `nv12`, `gbrp` or `gray`.
  public let format: String
  /// Luma and chroma use 0...255; otherwise luma uses 16...235 and chroma 16...240.
  public let isFullRange: Bool
  public let planes: [Plane]
  /// The numbers of ITU-T H.273; 2 is unknown.
  package let matrix: UInt32
  package let primaries: UInt32
  package let transfer: UInt32

  package init(
    format: String, isFullRange: Bool, planes: [Plane], matrix: UInt32 = 2, primaries: UInt32 = 2, transfer: UInt32 = 2
  ) {
    self.format = format
    self.isFullRange = isFullRange
    self.planes = planes
    self.matrix = matrix
    self.primaries = primaries
    self.transfer = transfer
  }

  /// One plane: rows of bytes, each `stride` bytes after the one before. It keeps its picture, which never changes.
  @safe public struct Plane {
    /// Bytes of a row that hold values.
    public let byteWidth: Int
    public let height: Int
    /// Bytes from one row to the next; negative where the picture is stored from the bottom up.
    public let stride: Int
    // SAFETY: points to `height` rows of `stride` bytes that live as long as `picture`.
    package let start: UnsafePointer<UInt8>
    private let picture: any FrameImage

    package init(start: UnsafePointer<UInt8>, byteWidth: Int, height: Int, stride: Int, of picture: any FrameImage) {
      unsafe self.start = start
      self.picture = picture
      self.byteWidth = byteWidth
      self.height = height
      self.stride = stride
    }

    /// Lends the values of one row, counted from the top.
    public func withRow<Result>(_ row: Int, _ body: (Swift.Span<UInt8>) throws -> Result) rethrows -> Result {
      precondition((0..<height).contains(row), "row \(row) of \(height)")
      // SAFETY: the row lies in the plane, and the picture outlives the call.
      return try withExtendedLifetime(picture) {
        let values = unsafe UnsafeBufferPointer(start: start + row * stride, count: byteWidth)
        return try unsafe body(values.span)
      }
    }
  }
}

@_spi(Pixels) extension Frame {
  /// Lends the pixels of the frame's picture; a stage that asks for them says so with ``Stage/needsImage``.
  ///
  /// - Returns: nil where the frame has no picture, or one whose pixels are not in this process's memory.
  public func withPixels<Result>(_ body: (PixelPlanes) throws -> Result) rethrows -> Result? {
    try (image as? any ReadablePicture)?.withPlanes(body)
  }
}

/// A picture whose pixels a stage of another package may read.
package protocol ReadablePicture: FrameImage {
  /// - Returns: nil where the pixels are not in this process's memory.
  func withPlanes<Result>(_ body: (PixelPlanes) throws -> Result) rethrows -> Result?
}
