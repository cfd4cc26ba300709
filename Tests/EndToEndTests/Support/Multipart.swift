import Foundation
import Testing

/// Answers of many pictures: multipart bodies in chunks.
enum Multipart {
  struct Part {
    var fields: [String: String]
    var body: ArraySlice<UInt8>
  }

  /// The parts of a body.
  static func parts(_ bytes: [UInt8]) throws -> [Part] {
    var parts: [Part] = [], rest = bytes[...]
    while let start = rest.firstRange(of: Array("--edgepipe\r\n".utf8)) {
      rest = rest[start.upperBound...]
      let end = try #require(rest.firstRange(of: Array("\r\n\r\n".utf8)))
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
      let fields = Dictionary(
        lines.map { line in
          let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
          return (parts[0], parts.count > 1 ? parts[1] : "")
        }, uniquingKeysWith: { first, _ in first })
      let length = try #require(Int(fields["Content-Length"] ?? ""))
      parts.append(Part(fields: fields, body: rest[end.upperBound..<(end.upperBound + length)]))
      rest = rest[(end.upperBound + length)...]
    }
    return parts
  }

  /// The body of an answer that has come in chunks.
  static func dechunked(_ bytes: [UInt8]) throws -> [UInt8] {
    var body: [UInt8] = [], rest = bytes[...]
    while let end = rest.firstRange(of: [0x0D, 0x0A]) {
      let size = try #require(Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16))
      body += rest[end.upperBound...].prefix(size)
      rest = rest[end.upperBound...].dropFirst(size + 2)
      if size == 0 { break }
    }
    return body
  }
}
