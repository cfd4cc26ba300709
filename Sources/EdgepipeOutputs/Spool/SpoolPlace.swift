import EdgepipeCore

/// Where the spool of one sink of one pipeline is: the next run of both finds it there.
package struct SpoolPlace: Sendable, Hashable {
  package let folder: String
  package let database: String
  /// Held by the run that uses it.
  package let lock: String

  /// - Parameter folder: instead of the usual one.
  package init(pipeline: String, sink: String, folder: String? = nil, state: String = StateFolder.usual()) {
    self.folder = folder ?? "\(state)/spool/\(Self.fileName(pipeline))"
    database = "\(self.folder)/\(Self.fileName(sink)).sqlite"
    lock = "\(self.folder)/\(Self.fileName(sink)).lock"
  }

  /// A name of any characters as one of a file: what is not a letter, a digit, `-`, `_` or an inner `.` is written as `%`
  /// and its code, so that different names stay different.
  static func fileName(_ name: String) -> String {
    var result = ""
    for (index, byte) in name.utf8.enumerated() {
      let isPlain =
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        case UInt8(ascii: "."): index > 0
        default: false
        }
      if isPlain {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result.isEmpty ? "%" : result
  }
}
