/// Names of people's own as names of files.
package enum FileName {
  /// A name of any characters as one of a file: what is not a letter, a digit, `-`, `_` or an inner `.` is written as `%`
  /// and its code, so that different names stay different.
  package static func text(of name: String) -> String {
    let result = PercentEncoding.text(name) { $0 != UInt8(ascii: "~") && PercentEncoding.isUnreserved($0) }
    // A name that begins with a dot would be hidden, or a folder's.
    if result.first == "." { return "%2E" + result.dropFirst() }
    return result.isEmpty ? "%" : result
  }
}
