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
    let result = PercentEncoding.text(name) { $0 != UInt8(ascii: "~") && PercentEncoding.isUnreserved($0) }
    // A name that begins with a dot would be hidden, or a folder's.
    if result.first == "." { return "%2E" + result.dropFirst() }
    return result.isEmpty ? "%" : result
  }
}
