import CFFmpeg

/// What servers answered while an input was opened, which FFmpeg tells to nobody but its log.
struct ServerAnswer: Equatable {
  /// The last refusal in the server's own words, such as `453 Not Enough Bandwidth`.
  var refusal: String?
  /// Why the server's name was not found.
  var unresolved: String?
  /// The algorithm of the last digest that was asked for, in capitals: the one that FFmpeg takes.
  var digest: String?
  /// The server agreed to another transport than those asked for.
  var hasOtherTransport = false
  /// The body is a row of parts, as Motion JPEG over HTTP is.
  var isMultipart = false
  /// RTSP's packets come over the connection itself, so that none is lost or comes twice.
  var isInterleaved = false

  /// The algorithms that FFmpeg knows.
  private static let knownDigests: Set<String> = ["MD5", "MD5-SESS"]

  init() {}

  /// Reads FFmpeg's messages, one a line.
  init(messages: String) {
    for line in messages.split(separator: "\n") { read(line) }
  }

  /// The calling thread's answers since the last call.
  static func take() -> ServerAnswer {
    var bytes = [CChar](repeating: 0, count: 2048)
    // SAFETY: the call writes at most the given count of bytes.
    let count = unsafe bytes.withUnsafeMutableBufferPointer { unsafe ep_take_notes($0.baseAddress, $0.count) }
    return ServerAnswer(messages: String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  /// The algorithm that keeps a right password from being accepted.
  var unknownDigest: String? { digest.flatMap { Self.knownDigests.contains($0) ? nil : $0 } }

  private mutating func read(_ line: Substring) {
    if let words = Self.part(of: line, behind: "method ", " failed: ") {
      refusal = words
    } else if let words = Self.part(of: line, behind: "HTTP error ") {
      refusal = words
    } else if let words = Self.part(of: line, behind: "Failed to resolve hostname ", ": ")
      ?? Self.part(of: line, behind: "getaddrinfo(", "): ")
    {
      unresolved = words
    } else if line.hasPrefix("Nonmatching transport") {
      hasOtherTransport = true
    } else if let open = line.firstIndex(of: "'"), line.hasPrefix("line=") || line.hasPrefix("header=") {
      readHeader(line[line.index(after: open)...].lowercased())
    }
  }

  private mutating func readHeader(_ header: String) {
    guard let colon = header.firstIndex(of: ":") else { return }
    let value = header[header.index(after: colon)...].drop { $0 == " " }
    if header.hasPrefix("content-type") {
      isMultipart = value.hasPrefix("multipart/")
    } else if header.hasPrefix("transport") {
      isInterleaved = value.contains("/tcp") || value.contains("interleaved=")
    } else if value.hasPrefix("digest ") {
      let word = value.firstRange(of: "algorithm=").map { value[$0.upperBound...] } ?? "md5"
      digest = String(word.drop { $0 == "\"" }.prefix { $0.isLetter || $0.isNumber || $0 == "-" }).uppercased()
    }
  }

  /// What stands in `line` behind the words, without what does not belong on a terminal.
  private static func part(of line: Substring, behind first: String, _ second: String = "") -> String? {
    guard line.hasPrefix(first) else { return nil }
    var rest = line.dropFirst(first.count)
    if !second.isEmpty {
      guard let range = rest.firstRange(of: second) else { return nil }
      rest = rest[range.upperBound...]
    }
    let words = rest.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F && !(0x80..<0xA0).contains($0.value) }
    let text = String(String.UnicodeScalarView(words)).split(separator: " ").joined(separator: " ")
    return text.isEmpty ? nil : String(text.prefix(120))
  }
}
