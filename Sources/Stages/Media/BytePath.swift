import EdgepipeCore
import Foundation
import Glibc

/// A path as the system has it: bytes without a NUL, which need not be UTF-8.
struct BytePath: Hashable, Sendable {
  var bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }
  init(bytes: [UInt8]) { self.bytes = bytes }

  /// For people and results: bytes that are no UTF-8 stand as %XX.
  var text: String {
    var result = ""
    var at = 0
    var source = bytes.makeIterator()
    var parser = Unicode.UTF8.ForwardParser()
    while true {
      switch parser.parseScalar(from: &source) {
      case .valid(let encoded):
        result.unicodeScalars.append(Unicode.UTF8.decode(encoded))
        at += encoded.count
      case .error(let length):
        for byte in bytes[at..<min(at + length, bytes.count)] { result += PercentEncoding.escape(byte) }
        at += length
      case .emptyInput: return result
      }
    }
  }

  /// Whether the path can be written as a text.
  var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }

  /// What stands after the last slash.
  var name: BytePath {
    BytePath(bytes: Array(bytes.suffix(from: (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)))
  }

  /// The folder it lies in, with the slash at its end; empty for the working directory.
  var folder: BytePath { BytePath(bytes: Array(bytes.prefix((bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1))) }

  /// What stands after the last point of the name, in lower case; nil where there is no point.
  var ending: String? {
    let name = name.bytes
    guard let point = name.lastIndex(of: UInt8(ascii: ".")), point > 0 else { return nil }
    return BytePath(bytes: Array(name[(point + 1)...])).text.lowercased()
  }

  func appending(_ name: BytePath) -> BytePath {
    let separator = bytes.isEmpty || bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
    return BytePath(bytes: bytes + separator + name.bytes)
  }

  /// Lends the path to a system call.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe (bytes + [0]).withUnsafeBytes { bytes in
      // SAFETY: the bytes end with the zero that was added, and are lent for the time of the call; there is a first one.
      unsafe body(bytes.assumingMemoryBound(to: CChar.self).baseAddress.unsafelyUnwrapped)
    }
  }

  /// Nil where the file cannot be opened. Never waits for the writer of a pipe.
  func openForReading() -> FileHandle? {
    // SAFETY: the path is lent for the time of the call.
    let descriptor = unsafe withCString { unsafe open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    return descriptor < 0 ? nil : FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }
}

/// `file:` URLs and the paths they stand for.
enum FileURL {
  /// The path of `file:PATH`, `file:///PATH` and `file://localhost/PATH`, with %XX read as bytes; nil for other texts.
  static func path(of url: String) -> BytePath? {
    literalPath(of: url).map { BytePath(bytes: decoded($0.bytes)) }
  }

  /// As ``path(of:)``, with %XX left as it is: many write a path behind `file:` without escaping it.
  static func literalPath(of url: String) -> BytePath? {
    var rest = Array(url.utf8)[...]
    guard rest.prefix(5).map({ $0 | 0x20 }).elementsEqual("file:".utf8.map { $0 | 0x20 }) else { return nil }
    rest = rest.dropFirst(5)
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      let host = "localhost"
      let isHere = rest.prefix(host.utf8.count).map { $0 | 0x20 }.elementsEqual(host.utf8)
      if isHere, rest.dropFirst(host.utf8.count).first == UInt8(ascii: "/") { rest = rest.dropFirst(host.utf8.count) }
    }
    return BytePath(bytes: Array(rest))
  }

  /// A URL that stands for a path that is no text.
  static func text(for path: BytePath) -> String {
    var result = "file:"
    // Also the slashes of `//host`, which the path does not mean.
    let isNetwork = path.bytes.starts(with: "//".utf8)
    for (index, byte) in path.bytes.enumerated() {
      let isPlain = byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") && !(isNetwork && index < 2)
      result += isPlain ? String(UnicodeScalar(byte)) : PercentEncoding.escape(byte)
    }
    return result
  }

  private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "%"), at + 2 < bytes.count, let high = digit(bytes[at + 1]),
        let low = digit(bytes[at + 2]), high | low != 0
      {
        result.append(high << 4 | low)
        at += 3
      } else {
        result.append(bytes[at])
        at += 1
      }
    }
    return result
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
