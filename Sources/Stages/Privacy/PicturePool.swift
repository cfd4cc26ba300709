import CFFmpeg
import EdgepipeCore

/// Memory for pictures of one size and format, which is used again when nobody looks at a picture any more: owns one
/// AVBufferPool. Pictures may outlive it.
@safe final class PicturePool {
  struct Shape: Hashable {
    /// In pixels.
    var width: Int32
    var height: Int32
    var format: Int32
  }

  /// Of rows, in bytes: what vector instructions like best.
  private static let alignment: Int32 = 64
  /// Bytes behind the last row, which encoders may read.
  private static let padding = 64

  let shape: Shape
  // SAFETY: set in init, given up once in deinit; the library keeps it until the last buffer has come back.
  private var pool: OpaquePointer?

  /// - Throws: ``PipelineError`` where there can be no such picture.
  init(_ shape: Shape) throws(PipelineError) {
    self.shape = shape
    let format = AVPixelFormat(shape.format)
    let size = try avCheck(
      av_image_get_buffer_size(format, shape.width, shape.height, Self.alignment),
      "cannot make a picture of \(shape.width)x\(shape.height)", code: .internalFault)
    unsafe pool = av_buffer_pool_init(Int(size) + Self.padding, nil)
    guard unsafe pool != nil else { throw .outOfMemory("pictures") }
  }

  deinit { unsafe av_buffer_pool_uninit(&pool) }

  /// A frame with memory of its own, whose pixels are anything; the caller frees it.
  func makeFrame() throws(PipelineError) -> UnsafeMutablePointer<AVFrame> {
    var made = unsafe av_frame_alloc()
    guard let frame = unsafe made, let buffer = unsafe av_buffer_pool_get(pool) else {
      unsafe av_frame_free(&made)
      throw .outOfMemory("a picture")
    }
    unsafe frame.pointee.buf.0 = buffer
    unsafe frame.pointee.width = shape.width
    unsafe frame.pointee.height = shape.height
    unsafe frame.pointee.format = shape.format
    let status = unsafe withUnsafeMutablePointer(to: &frame.pointee.data) { planes in
      unsafe withUnsafeMutablePointer(to: &frame.pointee.linesize) { strides in
        // SAFETY: the tuples of 8 are C arrays of 8, of which 4 are written; the buffer has the size that the same shape
        // and alignment need.
        unsafe av_image_fill_arrays(
          UnsafeMutableRawPointer(planes).assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self),
          UnsafeMutableRawPointer(strides).assumingMemoryBound(to: Int32.self), buffer.pointee.data,
          AVPixelFormat(shape.format), shape.width, shape.height, Self.alignment)
      }
    }
    do throws(PipelineError) { try avCheck(status, "cannot lay out a picture", code: .internalFault) } catch {
      unsafe av_frame_free(&made)
      throw error
    }
    return unsafe frame
  }
}
