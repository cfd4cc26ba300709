import EdgepipeCore

/// Finds addresses that nobody can connect to because a character in them ends a part too early: told at once instead
/// of by a connection that is tried indefinitely.
enum AddressCheck {
  private static let hostSchemes: Set<String> = ["rtsp", "rtsps", "rtmp", "rtmps", "http", "https"]
  private static let otherSchemes: Set<String> = ["srt", "tcp", "tls", "udp", "rtp"]

  /// - Throws: ``PipelineError`` `invalidConfiguration` that says how the address is to be written; its secrets are
  ///   masked.
  static func check(_ url: String) throws(PipelineError) {
    guard let scheme = MediaInput.scheme(of: url), hostSchemes.contains(scheme) || otherSchemes.contains(scheme)
    else { return }
    func fault(_ what: String, _ remedy: String) -> PipelineError {
      PipelineError(
        "'\(URLRedaction.redact(url))' is not a valid address: \(what)", remedy: remedy, code: .invalidConfiguration)
    }
    // More would be added to what is sent to the camera.
    if url.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw fault("it contains a line break or another control character", "remove it, or write it as % and two digits")
    }
    let rest = Array(url.utf8.dropFirst(scheme.utf8.count + 3))
    let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
    let authority = rest[..<end], tail = rest[end...]
    let at = authority.lastIndex(of: UInt8(ascii: "@"))
    let place = Place(authority[(at.map { $0 + 1 } ?? 0)...])
    if at == nil, let first = tail.first, let later = tail.firstIndex(of: UInt8(ascii: "@")) {
      let isCut =
        switch first {
        case UInt8(ascii: "#"): true
        case UInt8(ascii: "?"): !place.hasGoodPort || !tail[..<later].contains(UInt8(ascii: "="))
        default: !place.hasGoodPort || place.hasEmptyPort
        }
      if isCut {
        throw fault(
          "a '\(Character(Unicode.Scalar(first)))' ends the host before the '@' that should end the user and password",
          "in a user or password, write %23 for '#', %2F for '/' and %3F for '?', or use ${NAME}, which is encoded "
            + "automatically")
      }
    }
    if place.isBareIPv6 { throw fault("the host has several colons", "write an IPv6 address in brackets: [::1]") }
    if !place.hasGoodPort {
      throw fault("its port is not a number from 1 to 65535", "correct what follows the host's ':'")
    }
    if place.hasNoHost, hostSchemes.contains(scheme) { throw fault("it has no host", "write \(scheme)://host/path") }
  }

  /// `host`, `host:port`, `[address]:port`.
  private struct Place {
    /// Also where there is none.
    var hasGoodPort = true
    var hasEmptyPort = false
    var isBareIPv6 = false
    let hasNoHost: Bool

    init(_ bytes: ArraySlice<UInt8>) {
      let colon = UInt8(ascii: ":")
      var host = bytes
      var port: ArraySlice<UInt8>?
      if bytes.first == UInt8(ascii: "["), let close = bytes.firstIndex(of: UInt8(ascii: "]")) {
        host = bytes[...close]
        port = bytes[(close + 1)...].first == colon ? bytes[(close + 2)...] : nil
      } else if let first = bytes.firstIndex(of: colon) {
        isBareIPv6 = bytes[(first + 1)...].contains(colon) && bytes.allSatisfy { $0 == colon || Self.isHexDigit($0) }
        host = bytes[..<first]
        port = bytes[(first + 1)...]
      }
      hasNoHost = host.isEmpty
      hasEmptyPort = port?.isEmpty == true
      if let port, !port.isEmpty, !isBareIPv6 {
        hasGoodPort = UInt16(String(decoding: port, as: UTF8.self)).map { $0 > 0 } ?? false
      }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
  }
}
