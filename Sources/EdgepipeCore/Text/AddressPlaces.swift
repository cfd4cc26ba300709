import Glibc

/// Where in a URL each `${NAME}` of a text stands, and how a value is written there: a password may hold any of the
/// characters that part a URL.
enum AddressPlaces {
  enum Place: Equatable {
    /// The value is a whole URL, a host, everything behind the host, or stands in no URL.
    case asItIs
    /// The whole user info: a user, or `user:password`.
    case userInfo
    /// A user or a password.
    case user
    /// What follows a `name=`, in query or path.
    case value
    /// A part of the path; slashes part it further.
    case path
  }

  /// Stands for a reference; no text of a pipeline file holds it.
  static let reference: UInt8 = 0

  /// - Parameter text: with each reference as one ``reference``.
  /// - Returns: the place of each, in order.
  static func find(_ text: [UInt8]) -> [Place] {
    let references = text.indices.filter { text[$0] == reference }
    guard let parts = Parts(text) else { return references.map { _ in .asItIs } }
    return references.map { parts.place(of: $0, in: text) }
  }

  static func write(_ value: String, at place: Place) -> [UInt8] {
    let bytes = Array(value.utf8)
    switch place {
    case .asItIs: return bytes
    case .user: return encoded(bytes[...], keeping: inUser)
    case .value: return encoded(bytes[...], keeping: "!$'()*,")
    case .path: return encoded(bytes[...], keeping: "!$&'()*+,;=:@/")
    case .userInfo:
      guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return encoded(bytes[...], keeping: inUser) }
      return encoded(bytes[..<colon], keeping: inUser) + [UInt8(ascii: ":")]
        + encoded(bytes[(colon + 1)...], keeping: inUser)
    }
  }

  private static let inUser = "!$&'()*+,;="

  /// What RFC 3986 calls unreserved stays, and what `kept` holds: not every camera decodes what need not be encoded.
  private static func encoded(_ bytes: ArraySlice<UInt8>, keeping kept: String) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return bytes.flatMap { byte in
      byte.isLetter || byte.isDigit || "-._~".utf8.contains(byte) || kept.utf8.contains(byte)
        ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }

  /// The parts of a URL in which references stand for something.
  private struct Parts {
    /// Up to its '@'.
    let userInfo: Range<Int>
    let authorityEnd: Int
    let queryStart: Int
    let fragmentStart: Int

    /// Nil for what is no URL, and for file URLs, whose paths are taken as they are.
    init?(_ text: [UInt8]) {
      guard let colon = text.firstIndex(of: UInt8(ascii: ":")), text[colon...].starts(with: "://".utf8),
        let first = text.first,
        first.isLetter, text[..<colon].allSatisfy({ $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }),
        !text[..<colon].map({ $0 | 0x20 }).elementsEqual("file".utf8)
      else { return nil }
      let start = colon + 3
      fragmentStart = text[start...].firstIndex(of: UInt8(ascii: "#")) ?? text.endIndex
      queryStart = text[start..<fragmentStart].firstIndex(of: UInt8(ascii: "?")) ?? fragmentStart
      authorityEnd = text[start..<queryStart].firstIndex(of: UInt8(ascii: "/")) ?? queryStart
      userInfo = start..<(text[start..<authorityEnd].lastIndex(of: UInt8(ascii: "@")) ?? start)
    }

    func place(of index: Int, in text: [UInt8]) -> Place {
      if userInfo.contains(index) { return userInfo.count == 1 ? .userInfo : .user }
      if index < authorityEnd || index >= fragmentStart { return .asItIs }
      // `rtsp://host/${REST}`: everything behind the host.
      if index == authorityEnd + 1, index == text.endIndex - 1 { return .asItIs }
      let isQuery = index >= queryStart
      let item = text[authorityEnd..<index].suffix { (byte: UInt8) in !(isQuery ? "?&;" : "/&;").utf8.contains(byte) }
      if item.contains(UInt8(ascii: "=")) { return .value }
      return isQuery ? .asItIs : .path
    }
  }
}

extension ArraySlice<UInt8> {
  /// The longest end whose bytes all fit.
  fileprivate func suffix(while fits: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    guard let last = lastIndex(where: { !fits($0) }) else { return self }
    return self[(last + 1)...]
  }
}
