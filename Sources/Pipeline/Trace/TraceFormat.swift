import EdgepipeCore

/// How a trace lies in its file.
///
/// Eight bytes of magic, four of version, four that are zero; then records: the payload's length and the CRC-32 of what
/// follows, four bytes each, one byte for the kind, and the payload. All numbers little-endian. Records stand in the
/// order in which things happened, so that every beginning of a trace makes sense by itself.
enum TraceFormat {
  static let magic = Array("EPTRACE\n".utf8)
  static let version: UInt32 = 3
  static let headerSize = 16
  /// Length, checksum and kind.
  static let recordHeaderSize = 9
  /// No packet is larger; a record that claims more is damaged.
  static let longestPayload = 64 << 20

  static var header: [UInt8] { magic + bytes(version) + bytes(0) }

  /// One record as it stands in the file.
  static func record(_ kind: TraceKind, _ payload: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(recordHeaderSize + payload.count)
    bytes += Self.bytes(UInt32(truncatingIfNeeded: payload.count))
    bytes += Self.bytes(CRC32.checksum(kind.rawValue, payload))
    bytes.append(kind.rawValue)
    bytes += payload
    return bytes
  }

  static func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }

  static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// What a record says.
enum TraceKind: UInt8, Sendable {
  /// The pipeline and the program that ran it, as JSON. The first record.
  case manifest = 1
  /// What the stages say of their engines and models, as JSON.
  case facts = 2
  case stream = 3
  /// Something for a source's decoder; only the source knows what is in it.
  case media = 4
  case frame = 5
  case health = 6
  case count = 7
  case streamFailure = 8
  case streamEnd = 9
  case taken = 10
  case notice = 11
  case lost = 12
  case instant = 13
  case closed = 16
  case settled = 17
  /// A stage took other values of its options.
  case options = 18
  /// Recording had to end before the run did.
  case cut = 14
  /// The run is over and all of it is here.
  case end = 15
}
