import Foundation
import Glibc

/// Tells systemd how the service is (sd_notify(3), sd_watchdog_enabled(3)): datagrams to the socket that NOTIFY_SOCKET
/// names. Without one it says nothing.
struct SystemdNotice: Sendable {
  /// Half the time after which systemd takes the service for hung; nil where it does not watch.
  let watchdogMs: Double?
  private let socket: String?

  init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    socket = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
    watchdogMs = isOurs && socket != nil && microseconds > 0 ? Double(microseconds) / 2000 : nil
  }

  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
  func alive() { send("WATCHDOG=1") }
  func stopping() { send("STOPPING=1\nSTATUS=draining all pipelines") }

  private func send(_ message: String) {
    guard let socket else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // A name in the abstract space begins with a zero, and ends where the address does.
    let name = socket.hasPrefix("@") ? [0] + Array(socket.utf8.dropFirst()) : Array(socket.utf8)
    guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let length = MemoryLayout<sockaddr_un>.offset(of: \.sun_path).map { $0 + name.count } ?? 0
    let bytes = Array(message.utf8)
    // SAFETY: the name fits, as checked, and the rest of the array is zero; a sockaddr_un is a sockaddr of its length; the
    // call reads `count` bytes. systemd that does not take it is not waited for.
    _ = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe withUnsafeMutableBytes(of: &pointer.pointee.sun_path) { unsafe $0.copyBytes(from: name) }
      return unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
        unsafe bytes.withUnsafeBytes {
          unsafe sendto(
            descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), target, socklen_t(length))
        }
      }
    }
  }
}
