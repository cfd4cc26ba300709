import CZlib
import EdgepipeCore

/// zlib's format (RFC 1950), by zlib.
enum Deflate {
  static func compress(_ bytes: [UInt8], level: Int) throws -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    // SAFETY: both buffers have the lengths that are given, and zlib writes no more than `count`.
    let status = unsafe compress2(&result, &count, bytes, UInt(bytes.count), Int32(level))
    guard status == Z_OK else { throw PipelineError("zlib failed with \(status)", code: .internalFault) }
    return Array(result[..<Int(count)])
  }

  /// - Parameter count: how many bytes there must be; others are refused.
  /// - Throws: a ``PipelineError`` (`malformed`).
  static func expand(_ bytes: [UInt8], count: Int) throws -> [UInt8] {
    var made = UInt(count), taken = UInt(bytes.count)
    // Room for one more, so that a longer stream is noticed.
    var result = [UInt8](repeating: 0, count: count + 1)
    made += 1
    // SAFETY: both buffers have the lengths that are given, and zlib writes no more than `made`.
    let status = unsafe uncompress2(&result, &made, bytes, &taken)
    guard status == Z_OK, Int(made) == count, Int(taken) == bytes.count else {
      throw FeatureFormat.refuse("holds values that zlib cannot expand to \(count) bytes")
    }
    return Array(result[..<count])
  }
}
