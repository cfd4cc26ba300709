import CZlib
import NIOCore

/// Bodies as gzip (RFC 1952), by zlib.
enum Gzip {
  /// Fast more than small: it has to cost less time than it saves.
  private static let level: CInt = 1
  /// zlib's largest window; 16 more make it write gzip's head and end in place of its own.
  private static let windowBits: CInt = 15 + 16
  private static let memoryLevel: CInt = 8

  /// - Returns: nil where there is nothing to compress, and where zlib has no memory.
  static func compressed(_ buffer: ByteBuffer) -> ByteBuffer? {
    guard buffer.readableBytes > 0 else { return nil }
    var stream = unsafe z_stream()
    // SAFETY: the stream is this function's own, and ended before it returns; the version and the size are those of the header
    // that it was compiled with.
    let status = unsafe deflateInit2_(
      &stream, level, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { return nil }
    defer { _ = unsafe deflateEnd(&stream) }
    let bound = unsafe Int(deflateBound(&stream, UInt(buffer.readableBytes)))
    var packed = ByteBufferAllocator().buffer(capacity: bound)
    let isWhole = unsafe buffer.withUnsafeReadableBytes { bytes in
      let source = unsafe bytes.bindMemory(to: UInt8.self)
      return unsafe packed.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { room in
        let target = unsafe room.bindMemory(to: UInt8.self)
        // SAFETY: zlib reads the first buffer, which it does not change, and writes no more than the second one's length.
        unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
        unsafe stream.avail_in = UInt32(clamping: source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(clamping: target.count)
        guard unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END else { return 0 }
        return unsafe Int(stream.total_out)
      } > 0
    }
    return isWhole ? packed : nil
  }
}
