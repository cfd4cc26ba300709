/// A picture on its way to a plugin or from it: where its bytes are, not the bytes.
package struct PluginPicture {
  /// One plane: rows of bytes, the top one first.
  @safe package struct Plane {
    // SAFETY: points to `rows` rows that lie `stride` bytes apart, as long as the picture's owner says.
    package let start: UnsafeMutablePointer<UInt8>
    /// Bytes from one row to the one beneath it; negative where the picture is stored from the bottom up.
    package let stride: Int
    /// Bytes of a row that hold values.
    package let rowBytes: Int
    package let rows: Int

    package init(start: UnsafeMutablePointer<UInt8>, stride: Int, rowBytes: Int, rows: Int) {
      unsafe self.start = start
      self.stride = stride
      self.rowBytes = rowBytes
      self.rows = rows
    }
  }

  /// How values are spread; numbers of the header.
  package enum Range: UInt32, Sendable {
    case unknown = 0
    case limited = 1
    case full = 2
  }

  /// FFmpeg's name of the pixel format.
  package var format: String
  /// In pixels.
  package var width: Int
  package var height: Int
  /// 1...4.
  package var planes: [Plane]
  package var range = Range.unknown
  /// Numbers of ITU-T H.273; 2 is unknown.
  package var matrix: UInt32 = 2
  package var primaries: UInt32 = 2
  package var transfer: UInt32 = 2
  /// Degrees clockwise by which it still has to be turned.
  package var rotation: UInt32 = 0
  /// What keeps the bytes where they are; nil where the caller does.
  package var owner: AnyObject?

  package init(format: String, width: Int, height: Int, planes: [Plane], owner: AnyObject? = nil) {
    self.format = format
    self.width = width
    self.height = height
    self.planes = planes
    self.owner = owner
  }
}
