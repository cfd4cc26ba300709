import Foundation
import Glibc
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("Notices to systemd")
struct SystemdNoticeTests {
  /// A datagram socket as systemd's, by its name in NOTIFY_SOCKET.
  private final class Listener {
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

    init(_ name: String) throws {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
      try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
      let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
      // SAFETY: the name fits, as required; a sockaddr_un is a sockaddr of its length.
      let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe withUnsafeMutableBytes(of: &pointer.pointee.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
      }
      try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// The next datagram; a datagram on one machine is there once it has been sent.
    func next() -> String? {
      var buffer = [UInt8](repeating: 0, count: 4096)
      // SAFETY: the call writes at most `count` bytes into the buffer.
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
      }
      return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
  }

  @Test("given a socket with a path or an abstract name, when notices are sent, then each comes as one datagram")
  func sent() throws {
    let folder = try TestData.temporaryFolder("notice")
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in [folder.path + "/notify", "@edgepipe-test-\(UUID().uuidString)"] {
      let listener = try Listener(name), notice = SystemdNotice(["NOTIFY_SOCKET": name])
      notice.ready("2 pipelines")
      notice.alive()
      notice.stopping()
      #expect(listener.next() == "READY=1\nSTATUS=2 pipelines", "\(name)")
      #expect(listener.next() == "WATCHDOG=1")
      #expect(listener.next()?.hasPrefix("STOPPING=1\n") == true)
      #expect(listener.next() == nil)
    }
  }

  @Test("given no socket, one that nobody listens at, or a name too long, when notices are sent, then nothing happens")
  func nowhere() throws {
    let folder = try TestData.temporaryFolder("notice")
    defer { try? FileManager.default.removeItem(at: folder) }
    let listener = try Listener(folder.path + "/notify")
    for name in [nil, "", "relative", folder.path + "/nobody", "@" + String(repeating: "x", count: 300)] {
      SystemdNotice(name.map { ["NOTIFY_SOCKET": $0] } ?? [:]).ready("")
    }
    #expect(listener.next() == nil)
  }

  @Test(
    "given what systemd says of its watchdog, then a notice is due at half that time, for the process that it means",
    arguments: [
      (["WATCHDOG_USEC": "60000000"], 30_000.0), (["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "\(getpid())"], 0.5),
      (["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"], nil), (["WATCHDOG_USEC": "0"], nil),
      (["WATCHDOG_USEC": "soon"], nil), ([:], nil),
    ] as [([String: String], Double?)])
  func watchdog(environment: [String: String], expected: Double?) {
    let all = environment.merging(["NOTIFY_SOCKET": "@somewhere"]) { $1 }
    #expect(SystemdNotice(all).watchdogMs == expected)
    #expect(SystemdNotice(environment).watchdogMs == nil)
  }
}
