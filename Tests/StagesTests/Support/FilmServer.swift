@testable import EdgepipeCore
import Foundation
import Glibc
import PipelineTestSupport
import Synchronization

/// A web server on 127.0.0.1 that answers every request with what `answer` makes of its path and closes the connection;
/// ends with this object.
final class FilmServer {
  let port: Int
  private let listener: Int32
  private let thread: WorkerThread

  struct Answer {
    var headers: [String] = []
    var body: [UInt8]
    /// Without it nothing says where the body ends.
    var hasLength = true
  }

  var url: String { "http://127.0.0.1:\(port)" }

  /// - Parameter answer: for the path and the number of the request; nil closes the connection without a word.
  init(_ answer: @escaping @Sendable (_ path: String, _ request: Int) -> Answer?) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the address outlives the calls, which read or write it and get its size.
    let isOpen = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    guard isOpen else { throw MediaFixtures.Missing(what: "a port") }
    port = Int(UInt16(bigEndian: address.sin_port))
    thread = try WorkerThread(name: "film server") {
      var request = 0
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        request += 1
        Self.serve(client, request, answer)
        close(client)
      }
    }
  }

  deinit {
    // Wakes the thread out of `accept`.
    shutdown(listener, Int32(SHUT_RDWR))
    thread.join()
    close(listener)
  }

  private static func serve(_ client: Int32, _ request: Int, _ answer: (String, Int) -> Answer?) {
    var head: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !String(decoding: head, as: UTF8.self).contains("\r\n\r\n") {
      let got = unsafe buffer.withUnsafeMutableBytes { unsafe recv(client, $0.baseAddress, $0.count, 0) }
      guard got > 0 else { return }
      head += buffer.prefix(got)
    }
    let path = String(decoding: head, as: UTF8.self).split(separator: " ").dropFirst().first.map(String.init) ?? ""
    guard let answer = answer(path, request) else { return }
    let length = answer.hasLength ? ["Content-Length: \(answer.body.count)"] : []
    let text =
      (["HTTP/1.1 200 OK", "Connection: close"] + length + answer.headers).joined(separator: "\r\n") + "\r\n\r\n"
    let bytes = Array(text.utf8) + answer.body
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe send(client, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
