import EdgepipeCore
import Glibc

/// Tries whether a TCP server answers. Where packets vanish, libmosquitto's own connect blocks for as long as the system
/// tries, which is minutes; what this finds answers there at once.
enum TCPProbe {
  /// - Returns: nil where a connection can be made, else why not.
  static func failure(
    host: String, port: Int, limitS: Double, clock: any PipelineClock, isStopping: () -> Bool
  ) -> String? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let code = unsafe getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else { return "'\(host)' has no address: \(unsafe String(cString: gai_strerror(code)))" }
    // SAFETY: the list is the system's until it is freed; its entries are only read.
    defer { unsafe freeaddrinfo(list) }
    let deadline = clock.now().advanced(byMilliseconds: limitS * 1000)
    var reason = "'\(host)' has no address"
    var next = unsafe list
    while let entry = unsafe next {
      unsafe next = entry.pointee.ai_next
      // Each address has its share of the time, so that one that swallows packets does not hide the others.
      var left = 1.0, other = unsafe next
      while let further = unsafe other {
        left += 1
        unsafe other = further.pointee.ai_next
      }
      let share = Double(max(0, deadline.nanoseconds(since: clock.now()))) / 1e6 / left
      let limit = clock.now().advanced(byMilliseconds: share)
      guard let failure = unsafe failure(entry.pointee, limit, clock, isStopping) else { return nil }
      reason = failure
    }
    return reason
  }

  private static func failure(
    _ address: addrinfo, _ deadline: MonotonicTime, _ clock: any PipelineClock, _ isStopping: () -> Bool
  ) -> String? {
    let descriptor = unsafe socket(
      address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return text(errno) }
    defer { close(descriptor) }
    if unsafe connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return nil }
    guard errno == EINPROGRESS else { return text(errno) }
    while clock.now() < deadline, !isStopping() {
      var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard unsafe poll(&wanted, 1, 100) > 0 else { continue }
      var error: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      unsafe _ = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
      return error == 0 ? nil : text(error)
    }
    return "no answer to a TCP connection"
  }

  private static func text(_ error: Int32) -> String { unsafe String(cString: strerror(error)) }
}
