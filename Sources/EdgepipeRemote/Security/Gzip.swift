import EdgepipeCore
import Glibc
import NIOCore

/// Bodies as gzip (RFC 1952), by the system's zlib, which FFmpeg brings along.
enum Gzip {
  private typealias Compress =
    @convention(c) (
      UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<CUnsignedLong>, UnsafePointer<UInt8>, CUnsignedLong, CInt
    ) -> CInt

  /// zlib's compress2; nil where the library is not there.
  private static let compress: Compress? = {
    // SAFETY: the library's initializers are trusted code; it is never closed, and the function has this signature since
    // the library's first version.
    guard let library = unsafe dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL),
      let function = unsafe dlsym(library, "compress2")
    else { return nil }
    return unsafe unsafeBitCast(function, to: Compress.self)
  }()

  /// Fast more than small: it has to cost less time than it saves.
  private static let level: CInt = 1

  static var isAvailable: Bool { unsafe compress != nil }

  /// - Returns: nil without zlib.
  static func compressed(_ buffer: ByteBuffer) -> ByteBuffer? {
    guard let compress = unsafe compress else { return nil }
    let bytes = Array(buffer.readableBytesView)
    guard let first = bytes.first else { return nil }
    // compressBound of zlib.
    var packed = [UInt8](
      repeating: 0, count: bytes.count + bytes.count >> 12 + bytes.count >> 14 + bytes.count >> 25 + 13)
    var count = CUnsignedLong(packed.count)
    // SAFETY: both arrays are as long as said, for the call.
    guard unsafe compress(&packed, &count, bytes, CUnsignedLong(bytes.count), level) == 0, count > 6 else { return nil }
    // zlib writes two bytes before the compressed data and four behind it, gzip ten and eight.
    var result = ByteBufferAllocator().buffer(capacity: Int(count) + 12)
    result.writeBytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
    result.writeBytes(packed[2..<Int(count) - 4])
    result.writeInteger(CRC32.checksum(first, Array(bytes.dropFirst())), endianness: .little)
    result.writeInteger(UInt32(truncatingIfNeeded: bytes.count), endianness: .little)
    return result
  }
}
