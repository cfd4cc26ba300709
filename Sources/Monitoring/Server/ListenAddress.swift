package import EdgepipeCore
import NIOCore

/// Where a server listens: `9464`, `127.0.0.1:9464`, `[::1]:9464`, `camera-3:9464`.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name or an address, without brackets.
  package let host: String
  /// 0: a free one.
  package let port: Int

  /// - Throws: ``PipelineError`` when `text` is no port and no host with a port. A port alone is on the loopback
  ///   address: nothing is offered to the network unless a host says so.
  package init(_ text: String) throws(PipelineError) {
    let host: Substring, port: Substring
    if let colon = text.lastIndex(of: ":") {
      (host, port) = (text[..<colon], text[text.index(after: colon)...])
    } else {
      (host, port) = ("127.0.0.1", text[...])
    }
    guard let number = UInt16(port), port.allSatisfy(\.isASCII), port.first != "+", let name = Self.name(host) else {
      throw PipelineError(
        "'\(text)' is not a port or HOST:PORT",
        remedy: "give a port from 0 to 65535, or an address such as 127.0.0.1:9464",
        code: .invalidArgument)
    }
    self.host = name
    self.port = Int(number)
  }

  private init(host: String, port: Int) { (self.host, self.port) = (host, port) }

  /// The same host with its real port.
  func with(port: Int?) -> ListenAddress { ListenAddress(host: host, port: port ?? self.port) }

  /// A host without brackets; IPv6 addresses must stand in some.
  private static func name(_ host: Substring) -> String? {
    if host.hasPrefix("["), host.hasSuffix("]") {
      let address = String(host.dropFirst().dropLast())
      return address.contains(":") && (try? SocketAddress(ipAddress: address, port: 0)) != nil ? address : nil
    }
    let isName = !host.isEmpty && host.utf8.count <= 253 && host.utf8.allSatisfy(\.isHostByte)
    return isName ? host.lowercased() : nil
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension UInt8 {
  fileprivate var isHostByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}

extension SocketAddress {
  /// True for 127.0.0.0/8 and ::1.
  var isLoopback: Bool {
    guard let address = ipAddress else { return false }
    return address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
  }
}
