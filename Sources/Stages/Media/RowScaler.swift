import EdgepipeCore

/// A row of scaled pixels: a byte for each pixel and colour. Valid only until the next row is asked for.
@safe struct PixelRow {
  let red: UnsafePointer<UInt8>
  let green: UnsafePointer<UInt8>
  let blue: UnsafePointer<UInt8>
}

/// Scales pictures of one kind to one size. Used by one thread.
protocol RowScaler: AnyObject {
  func fits(_ picture: DecodedPicture, width: Int, height: Int) -> Bool

  /// Scales `picture`, which must fit, and lends a function to `body` that gives row after row, from the top.
  ///
  /// - Throws: ``PipelineError`` with `skipFrame` for a picture that cannot be scaled.
  func scale(_ picture: DecodedPicture, _ body: ((Int) -> PixelRow) -> Void) throws(PipelineError)
}
