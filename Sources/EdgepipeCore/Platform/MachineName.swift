import Glibc

/// What this machine is called.
package enum MachineName {
  /// As the system has it, without asking a name server (`ProcessInfo.hostName` does, and may wait for it); empty where it
  /// does not say.
  package static var text: String {
    var buffer = [CChar](repeating: 0, count: 256)
    // SAFETY: the call writes at most `count` bytes, and the last byte stays 0.
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
