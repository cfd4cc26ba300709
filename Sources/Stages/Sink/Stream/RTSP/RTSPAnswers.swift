/// What a server sends over an RTSP connection, taken apart as it comes: answers, and packets between them that nobody
/// here needs.
struct RTSPAnswers {
  struct Answer: Sendable {
    var status: Int
    var reason: String
    /// Names in lower case; of several with one name, each.
    var fields: [(name: String, value: String)] = []

    func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
    func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
  }

  struct Malformed: Error {}

  /// No answer of a server that is one is longer.
  private static let limit = 1 << 16
  private var bytes: [UInt8] = []

  mutating func add(_ more: [UInt8]) { bytes += more }

  /// The next whole answer; nil until it is there.
  mutating func next() throws(Malformed) -> Answer? {
    while let first = bytes.first {
      if first == UInt8(ascii: "$") {
        guard bytes.count >= 4 else { return nil }
        let end = 4 + Int(bytes[2]) << 8 + Int(bytes[3])
        guard bytes.count >= end else { return nil }
        bytes.removeFirst(end)
        continue
      }
      guard let (head, begin) = head() else {
        if bytes.count > Self.limit { throw Malformed() }
        return nil
      }
      let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
      let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        return (line[..<colon].lowercased(), String(value))
      }
      let length = fields.first { $0.name == "content-length" }.map { Int($0.value) ?? -1 } ?? 0
      guard (0...Self.limit).contains(length) else { throw Malformed() }
      guard bytes.count >= begin + length else { return nil }
      bytes.removeFirst(begin + length)
      let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
      // A request of the server's own is left unanswered: what matters of it shows when the connection ends.
      guard let version = words.first, !version.hasPrefix("HTTP/") else { throw Malformed() }
      guard version.hasPrefix("RTSP/") else { continue }
      guard words.count >= 2, let status = Int(words[1]) else { throw Malformed() }
      return Answer(status: status, reason: words.count > 2 ? String(words[2]) : "", fields: fields)
    }
    return nil
  }

  /// The text up to the empty line, and where what follows begins.
  private func head() -> (text: String, end: Int)? {
    let mark = Array("\r\n\r\n".utf8)
    guard bytes.count >= mark.count else { return nil }
    for index in 0...(bytes.count - mark.count) where bytes[index] == mark[0] {
      if bytes[index..<(index + mark.count)].elementsEqual(mark) {
        return (String(decoding: bytes[..<index], as: UTF8.self), index + mark.count)
      }
    }
    return nil
  }
}
