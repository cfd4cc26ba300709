import Testing

@testable import EdgepipeCore
@testable import Monitoring

@Suite("Where a server listens")
struct ListenAddressTests {
  @Test(
    "given a port or a host with a port, when parsed, then a port alone is on the loopback address",
    arguments: [
      ("9464", "127.0.0.1", 9464), ("0", "127.0.0.1", 0), ("65535", "127.0.0.1", 65535),
      ("localhost:80", "localhost", 80), ("0.0.0.0:9464", "0.0.0.0", 9464), ("[::1]:9464", "::1", 9464),
      ("Camera-3.local:9464", "camera-3.local", 9464),
    ])
  func valid(text: String, host: String, port: Int) throws {
    let address = try ListenAddress(text)
    #expect(address.host == host)
    #expect(address.port == port)
  }

  @Test(
    "given what is no port and no host with a port, when parsed, then the text and the remedy are named",
    arguments: [
      "", "65536", "-1", "+9464", "http", "9464x", "٩٤٦٤", ":9464", "127.0.0.1:", "::1:9464", "[::1]", "[host]:80",
      "a b:80", "http://localhost:80", "host/:80", "user@host:80", String(repeating: "a", count: 254) + ":80",
    ])
  func invalid(text: String) {
    #expect { try ListenAddress(text) } throws: { error in
      guard let error = error as? PipelineError else { return false }
      return error.exit == .usage && error.message.contains("'\(text)'") && error.remedy?.contains("HOST") == false
        && error.remedy?.contains("127.0.0.1:9464") == true
    }
  }

  @Test("given an address, when shown, then it can be parsed again", arguments: ["127.0.0.1:1", "[::1]:9464", "a:0"])
  func shown(text: String) throws { #expect(try ListenAddress(text).description == text) }
}

@Suite("Hosts and origins")
struct HostRuleTests {
  private let own = HostRule(configured: "127.0.0.1", isLoopback: true, machine: "camera-3")
  private let open = HostRule(configured: "edge.example", isLoopback: false, machine: "Camera-3")

  @Test(
    "given a server on the loopback address, when asked by a loopback name, then it answers",
    arguments: ["127.0.0.1", "127.0.0.1:9464", "localhost:9464", "LocalHost", "[::1]:9464", "127.9.9.9:1", nil])
  func loopback(authority: String?) { #expect(own.allows(authority: authority)) }

  @Test(
    "given a server on the loopback address, when asked by a foreign name, then it refuses",
    arguments: [
      "evil.example", "evil.example:9464", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1:9464",
      "camera-3:9464", "0.0.0.0:9464", "[::]", "", ":9464", "127.0.0.1:9464:1", "127.0.0.1:x", "127.0.0.1@evil.example",
      "[::1", "2130706433", "0x7f.1", "localhost ", "127.0.0.1:9464, evil.example",
    ])
  func foreign(authority: String) { #expect(!own.allows(authority: authority)) }

  @Test(
    "given a server on the network, when asked by an address, its host or its machine's name, then it answers")
  func network() {
    for authority in ["192.168.1.7:9464", "[fe80::1]:9464", "edge.example:9464", "camera-3:9464", "localhost"] {
      #expect(open.allows(authority: authority), "\(authority)")
    }
    for authority in ["evil.example", "camera-30:9464", "edge.example.evil.example"] {
      #expect(!open.allows(authority: authority), "\(authority)")
    }
  }

  @Test("given an origin, when it is of the same kind of host, then it is allowed; null and all others are not")
  func origins() {
    #expect(own.allows(origin: "http://localhost:3000"))
    #expect(own.allows(origin: "https://127.0.0.1"))
    for origin in ["null", "", "http://evil.example", "file://", "localhost", "http://127.0.0.1.evil.example:9464"] {
      #expect(!own.allows(origin: origin), "\(origin)")
    }
  }
}
