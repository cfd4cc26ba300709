import EdgepipeCore
import NIOCore

/// Which values of `Host` and `Origin` a server answers.
///
/// A page of a foreign site can have its own name resolve to this machine and then read whatever answers (DNS
/// rebinding). The browser still sends that name, so a request under a name that is not this server's is refused.
package struct HostRule: Sendable {
  private let names: Set<String>
  private let isLoopback: Bool

  /// - Parameters:
  ///   - configured: the host that the server was told to listen on.
  ///   - isLoopback: only this machine reaches the server.
  package init(configured: String, isLoopback: Bool) {
    self.init(configured: configured, isLoopback: isLoopback, machine: MachineName.text)
  }

  /// - Parameter machine: this machine's name.
  init(configured: String, isLoopback: Bool, machine: String) {
    self.isLoopback = isLoopback
    names = Set(["localhost", configured.lowercased()] + (isLoopback || machine.isEmpty ? [] : [machine.lowercased()]))
  }

  /// - Parameter authority: the value of `Host`; nil where the client sent none, which no browser does.
  package func allows(authority: String?) -> Bool {
    guard let authority else { return true }
    guard let host = Self.host(of: authority) else { return false }
    if names.contains(host) { return true }
    // A name can be made to lead here, an address cannot; from beyond this machine it may be that of a relay before us.
    guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
    return !isLoopback || address.isLoopback
  }

  /// - Parameter origin: the value of `Origin`, such as `http://localhost:3000`, or `null`.
  package func allows(origin: String) -> Bool {
    guard let scheme = origin.range(of: "://") else { return false }
    return allows(authority: String(origin[scheme.upperBound...]))
  }

  /// The host of `host`, `host:port` or `[address]:port`, in small letters.
  private static func host(of authority: String) -> String? {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]"), isPort(authority[authority.index(after: end)...])
      else { return nil }
      return authority[authority.index(after: authority.startIndex)..<end].lowercased()
    }
    let colon = authority.firstIndex(of: ":") ?? authority.endIndex
    return colon == authority.startIndex || !isPort(authority[colon...]) ? nil : authority[..<colon].lowercased()
  }

  /// Nothing, or a colon and digits.
  private static func isPort(_ text: Substring) -> Bool {
    text.isEmpty || (text.first == ":" && text.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) })
  }
}
