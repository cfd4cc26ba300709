import Foundation
import Logging
import NIOCore
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Monitoring

@Suite("The metrics server over a real socket")
struct MetricsServerTests {
  private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A server on a free port for one test.
  private final class Server {
    let server: MetricsServer
    let isHealthy = Healthy()

    final class Healthy: Sendable {
      let value = Mutex(true)
    }

    init(_ limits: ConnectionGuard.Limits = ConnectionGuard.Limits(), page: String = "a 1\n") throws {
      let isHealthy = isHealthy
      server = try MetricsServer(
        ListenAddress("0"), logger: MetricsServerTests.quiet, limits: limits, page: { ByteBuffer(string: page) },
        health: {
          let snapshotHealth = isHealthy.value.withLock { $0 }
          return RunHealth(isHealthy: snapshotHealth, message: snapshotHealth ? "ok: fine" : "dead: all")
        })
    }

    deinit { server.stop() }

    var port: Int { server.address.port }

    func get(_ path: String, method: String = "GET", headers: [String] = []) throws -> String {
      try RawHTTP.get(path, port: port, method: method, headers: headers)
    }
  }

  @Test("given the two routes, when asked, then the page and the health come, and HEAD gets the head alone")
  func routes() throws {
    let server = try Server()
    let page = try server.get("/metrics?x=1")
    #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(page.contains("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
    #expect(page.hasSuffix("\r\n\r\na 1\n"))
    let head = try server.get("/metrics", method: "HEAD")
    #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.contains("\r\nContent-Length: 4\r\n"))
    #expect(head.hasSuffix("\r\n\r\n"))
    #expect(try server.get("/healthz").hasSuffix("\r\n\r\nok: fine\n"))
    server.isHealthy.value.withLock { $0 = false }
    let dead = try server.get("/healthz")
    #expect(dead.hasPrefix("HTTP/1.1 503 ") && dead.hasSuffix("dead: all\n"))
  }

  @Test(
    "given any other path, when asked, then there is nothing, however it is written",
    arguments: [
      "/", "/metrics/", "//metrics", "/METRICS", "/metrics/../metrics", "/..%2fmetrics", "/%6detrics", "/healthz%00",
      "/../../etc/passwd", "http://127.0.0.1/metrics/", "http://127.0.0.1", "*", "/metrics#x",
    ])
  func otherPaths(path: String) throws {
    let server = try Server()
    #expect(try server.get(path).hasPrefix("HTTP/1.1 404 "))
  }

  @Test(
    "given another method, when asked, then 405 and the two that there are",
    arguments: ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
  func methods(method: String) throws {
    let response = try Server().get("/metrics", method: method)
    #expect(response.hasPrefix("HTTP/1.1 405 ") && response.contains("\r\nAllow: GET, HEAD\r\n"))
  }

  @Test(
    "given a foreign host or origin, or two hosts, when asked, then 403 and no figure",
    arguments: [
      ["Host: evil.example"], ["Host: evil.example:9464"], ["Host: 127.0.0.1", "Host: evil.example"], ["Host: "],
      ["Origin: http://evil.example"], ["Origin: null"], ["Origin: http://localhost", "Origin: http://evil.example"],
    ])
  func foreign(headers: [String]) throws {
    let server = try Server()
    for path in ["/metrics", "/healthz", "/other"] {
      let response = try server.get(path, headers: headers)
      #expect(response.hasPrefix("HTTP/1.1 403 "), "\(response)")
      #expect(!response.contains("a 1"))
    }
    #expect(try server.get("/metrics", headers: ["Origin: http://localhost:3000"]).hasPrefix("HTTP/1.1 200 "))
    // As a proxy is asked; what counts is the host.
    #expect(try server.get("http://evil.example/metrics").hasPrefix("HTTP/1.1 200 "))
    #expect(try server.get("http://127.0.0.1/metrics", headers: ["Host: evil.example"]).hasPrefix("HTTP/1.1 403 "))
  }

  @Test("given a client of HTTP/1.0 without a host, when it asks, then it gets the page")
  func old() throws {
    let server = try Server()
    let client = try RawHTTP(port: server.port)
    client.send("GET /metrics HTTP/1.0\r\n\r\n")
    #expect(try client.readResponse().hasSuffix("\r\n\r\na 1\n"))
  }

  @Test(
    "given a body, when its head has come, then it is refused, nothing more is read and the connection ends",
    arguments: [
      "POST /metrics HTTP/1.1\r\nContent-Length: 1073741824", "GET /metrics HTTP/1.1\r\nContent-Length: 5",
      "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked", "POST /x HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue",
    ])
  func bodies(head: String) throws {
    let server = try Server()
    let client = try RawHTTP(port: server.port)
    client.send(head + "\r\nHost: localhost\r\n\r\n")
    // More than all buffers on the way hold: without a refusal this would go on for a gigabyte.
    var sent = 0
    while sent < 1 << 30, client.send([UInt8](repeating: 0x30, count: 1 << 20)) { sent += 1 << 20 }
    #expect(sent < 1 << 28)
    let response = try client.readAll()
    #expect(response.hasPrefix("HTTP/1.1 413 "), "\(response)")
    #expect(try server.get("/metrics").hasPrefix("HTTP/1.1 200 "))
  }

  @Test(
    "given what is no HTTP or has too much of a head, when sent, then it is refused and the connection ends",
    arguments: [
      "\u{0}\u{1}\u{2}\u{3}\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "GET\r\n\r\n",
      "GET metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 20_000) + "\r\n\r\n",
      "GET /" + String(repeating: "x", count: 100_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "X: y\r\n", count: 2000) + "\r\n",
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    ])
  func malformed(request: String) throws {
    let server = try Server()
    let client = try RawHTTP(port: server.port)
    client.send(request)
    let response = try client.readAll()
    #expect(!response.hasPrefix("HTTP/1.1 2"), "\(response)")
    #expect(try server.get("/metrics").hasPrefix("HTTP/1.1 200 "))
  }

  @Test("given a head that drips in, when its time is up, then 408 and the end, whatever has come so far")
  func slowHead() throws {
    var limits = ConnectionGuard.Limits()
    limits.head = .milliseconds(50)
    let server = try Server(limits)
    let silent = try RawHTTP(port: server.port), slow = try RawHTTP(port: server.port)
    slow.send("GET /metrics HTTP/1.1\r\nHost: 127")
    for client in [silent, slow] { #expect(try client.readAll().hasPrefix("HTTP/1.1 408 ")) }
  }

  @Test("given hundreds of silent connections, when somebody asks, then there is an answer, and few are kept")
  func crowd() throws {
    let server = try Server()
    let crowd = try (0..<300).map { _ in
      let client = try RawHTTP(port: server.port)
      client.send("GET /metrics HTTP/1.1\r\nX-Slow: ")
      return client
    }
    for _ in 0..<3 { #expect(try server.get("/metrics").hasPrefix("HTTP/1.1 200 ")) }
    #expect(server.server.connections.count <= MetricsServer.connectionLimit)
    // The oldest had to go.
    #expect(try crowd[0].readAll().hasPrefix("HTTP/1.1 408 "))
  }

  @Test("given one connection, when several requests come one by one and at once, then each has its response in order")
  func pipelining() throws {
    let server = try Server()
    let client = try RawHTTP(port: server.port)
    for _ in 0..<3 {
      client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(try client.readResponse().hasSuffix("a 1\n"))
    }
    let both = ["metrics", "healthz"].map { "GET /\($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined()
    client.send(String(repeating: both, count: 20))
    client.finish()
    let bodies = try client.readAll().matches(of: /(a 1|ok: fine)\n/).map { String($0.1) }
    #expect(bodies == (0..<20).flatMap { _ in ["a 1", "ok: fine"] })
  }

  @Test("given a client that asks and takes no response, when its time is up, then the connection ends")
  func reader() throws {
    var limits = ConnectionGuard.Limits()
    limits.answer = .milliseconds(100)
    limits.head = .milliseconds(1000)
    // Too much for the buffers on the way.
    let server = try Server(limits, page: String(repeating: "x", count: 64 << 20))
    let client = try RawHTTP(port: server.port)
    client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    // Ended by a later alarm of the same clock.
    _ = try RawHTTP(port: server.port).readAll()
    #expect(try client.readAll().utf8.count < 64 << 20)
  }

  @Test("given a port that is taken, when another server starts, then the error names the port and the remedy")
  func taken() throws {
    let server = try Server()
    #expect {
      try MetricsServer(
        ListenAddress("\(server.port)"), logger: Self.quiet, page: { ByteBuffer() },
        health: { RunHealth(isHealthy: true, message: "") })
    } throws: { error in
      guard let error = error as? PipelineError else { return false }
      return error.exit == .unavailable && error.message.contains("port \(server.port) is in use")
        && error.remedy?.contains("--metrics 0") == true
    }
    #expect(try server.get("/metrics").hasPrefix("HTTP/1.1 200 "), "the first one goes on")
  }

  @Test(
    "given an address that is not this machine's, when a server starts, then the error says so",
    arguments: ["192.0.2.1:0", "nowhere.invalid:0"])
  func elsewhere(address: String) throws {
    #expect {
      try MetricsServer(
        ListenAddress(address), logger: Self.quiet, page: { ByteBuffer() },
        health: { RunHealth(isHealthy: true, message: "") })
    } throws: { error in
      guard let error = error as? PipelineError else { return false }
      return error.exit == .unavailable && error.message.contains(address) && error.remedy != nil
    }
  }

  @Test("given open connections, when the server stops, then they end and the port is free")
  func stop() throws {
    let server = try Server()
    let port = server.port
    let idle = try RawHTTP(port: port), slow = try RawHTTP(port: port)
    idle.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(try idle.readResponse().hasSuffix("a 1\n"))
    slow.send("GET /metr")
    server.server.stop()
    #expect(try idle.readAll() == "")
    #expect(try !slow.readAll().contains("a 1"))
    #expect(throws: RawHTTP.Failure.self) { try RawHTTP(port: port) }
  }
}
