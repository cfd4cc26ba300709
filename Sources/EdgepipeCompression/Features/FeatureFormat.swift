import EdgepipeCore

/// The layout of a message with features, version 1; docs/split.md describes it. Whole numbers are little-endian.
///
///     0   4      "EPFT"
///     4   1      version: 1
///     5   1      compression: 0 none, 1 zlib (RFC 1950)
///     6   1      bits a value, 2 to 8
///     7   1      number of tensors, 1 to 16
///     8   8      the table's id
///     16  ...    for each tensor its rank, 2 to 6, in one byte, then each size in four
///     ...  4     bytes of the values before compression
///     ...        the values, compressed: each tensor's in row-major order, from a whole byte on; of 2 bits four, of 4
///                bits two in a byte, the first in its lowest bits, else one in a byte
///
/// With one in a byte the compression finds the fewer levels by itself, and better than over packed bits that lie
/// across bytes.
enum FeatureFormat {
  static let magic = Array("EPFT".utf8)
  static let version: UInt8 = 1
  static let headerBytes = 16
  static let ranks = 2...6
  /// Values of one message: 64 Mi, far above any cut that is worth sending.
  static let maximumValues = 1 << 26

  enum Compression: UInt8 { case none = 0, zlib = 1 }

  /// How many values stand in one byte.
  static func perByte(bits: Int) -> Int { bits == 2 ? 4 : bits == 4 ? 2 : 1 }

  static func packedBytes(values: Int, bits: Int) -> Int {
    let each = perByte(bits: bits)
    return (values + each - 1) / each
  }

  static func refuse(_ reason: String) -> PipelineError {
    PipelineError("the message with features \(reason)", code: .malformed)
  }
}
