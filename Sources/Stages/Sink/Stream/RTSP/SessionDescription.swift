import Foundation

/// What is announced to a server: one H.264 track (RFC 4566, RFC 6184).
enum SessionDescription {
  /// The track's place below the address.
  static let track = "streamid=0"

  static func text(host: String, parameterSets: [[UInt8]]) -> String {
    let isIPv6 = host.hasPrefix("[")
    let name = isIPv6 ? String(host.dropFirst().dropLast()) : host
    let sets = parameterSets.map { Data($0).base64EncodedString() }.joined(separator: ",")
    var format = "packetization-mode=1"
    if !sets.isEmpty { format += "; sprop-parameter-sets=\(sets)" }
    if let first = parameterSets.first(where: { $0[0] & 31 == 7 && $0.count >= 4 }) {
      // The three bytes behind the unit's header.
      let digits = first[1...3].map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
      format += "; profile-level-id=\(digits)"
    }
    let lines = [
      "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=edgepipe", "c=IN \(isIPv6 ? "IP6" : "IP4") \(name)", "t=0 0",
      "m=video 0 RTP/AVP \(RTPPacketizer.payloadType)", "a=rtpmap:\(RTPPacketizer.payloadType) H264/90000",
      "a=fmtp:\(RTPPacketizer.payloadType) \(format)", "a=control:\(track)",
    ]
    return lines.joined(separator: "\r\n") + "\r\n"
  }
}
