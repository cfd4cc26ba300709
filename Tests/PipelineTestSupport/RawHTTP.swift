import Foundation
import Glibc

/// A TCP connection to a port of 127.0.0.1, for requests that no well-behaved client makes.
public final class RawHTTP {
  public struct Failure: Error {
    public let call: String
    public let code: Int32
  }

  private let descriptor: Int32

  /// - Parameter seconds: reading gives up after so long, so that a server that says nothing fails a test and does not
  ///   hang it.
  public init(port: Int, seconds: Int = 60) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    // SAFETY: both structs outlive the calls, which read them and get their sizes.
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      throw Failure(call: "connect", code: code)
    }
  }

  deinit { close(descriptor) }

  /// Sends what the other side takes.
  ///
  /// - Returns: false once it takes no more.
  @discardableResult
  public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// As ``send(_:)-(String)``.
  @discardableResult
  public func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      // SAFETY: at most the bytes that are left are read.
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return false }
      sent += count
    }
    return true
  }

  /// Nothing more will be sent.
  public func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// What comes until the other side closes.
  ///
  /// - Throws: ``Failure`` when it neither sends nor closes in time. A reset counts as closed.
  public func readAll() throws -> String { String(decoding: try readAllBytes(), as: UTF8.self) }

  /// As ``readAll()``.
  public func readAllBytes() throws -> [UInt8] {
    var bytes = [UInt8]()
    while let more = try readSome() { bytes += more }
    return bytes
  }

  /// One response by its `Content-Length`, or what came before the other side closed.
  public func readResponse() throws -> String {
    var text = ""
    while true {
      if let end = text.range(of: "\r\n\r\n") {
        let length = text[..<end.lowerBound].firstMatch(of: /(?i)content-length: ([0-9]+)/).flatMap { Int($0.1) } ?? 0
        if text[end.upperBound...].utf8.count >= length { return text }
      }
      guard let more = try readSome() else { return text }
      text += String(decoding: more, as: UTF8.self)
    }
  }

  /// Nil at the end.
  public func readSome() throws -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // SAFETY: at most the array's bytes are written.
      let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
      if count > 0 { return Array(chunk[..<count]) }
      if count == 0 || errno == ECONNRESET { return nil }
      if errno != EINTR { throw Failure(call: "recv", code: errno) }
    }
  }

  /// One request on a connection of its own.
  public static func get(_ path: String, port: Int, method: String = "GET", headers: [String] = []) throws -> String {
    let client = try RawHTTP(port: port)
    let hosts = headers.contains { $0.lowercased().hasPrefix("host:") } ? [] : ["Host: 127.0.0.1:\(port)"]
    client.send(([("\(method) \(path) HTTP/1.1")] + hosts + headers + ["", ""]).joined(separator: "\r\n"))
    return method == "HEAD" ? try client.readHead() : try client.readResponse()
  }

  private func readHead() throws -> String {
    finish()
    return try readAll()
  }
}
