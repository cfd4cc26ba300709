import EdgepipeCore
import Glibc

/// One end of a Unix domain stream socket that carries lines. Owns its descriptor.
final class UnixSocket {
  /// No request is longer.
  static let lineLimit = 1 << 20
  /// No answer is longer.
  static let answerLimit = 64 << 20
  /// A line must come, or be taken, whole within this time, however small the pieces.
  private static let patienceMs = 5000.0
  /// In bytes, without the byte that ends it.
  static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  let descriptor: Int32

  /// What was read behind the last line.
  private var rest: [UInt8] = []
  /// So many of them hold no line's end.
  private var searched = 0

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { Glibc.close(descriptor) }

  /// A socket that listens at `path`, for this user alone.
  ///
  /// - Throws: ``PipelineError`` when the path is taken by a living program or cannot be made.
  static func listening(at path: String) throws(PipelineError) -> UnixSocket {
    let socket = try make(path)
    if (try? connected(to: path)) != nil {
      throw PipelineError(
        "another program listens at '\(path)'", remedy: "choose another path for the control socket", code: .unavailable
      )
    }
    // What a run that was killed has left behind; anything but a socket stays.
    if isSocket(path) { _ = unsafe unlink(path) }
    // Linux makes the socket's file with the rights of the descriptor, so that it never has others, and the process's mask,
    // which all threads share, stays as it is.
    guard fchmod(socket.descriptor, 0o600) == 0,
      try unsafe withAddress(path, { unsafe bind(socket.descriptor, $0, $1) }) == 0,
      listen(socket.descriptor, 8) == 0
    else {
      throw failure("cannot create the control socket '\(path)'", remedy: "choose a path in a writable folder")
    }
    return socket
  }

  /// A connection to a running program.
  static func connected(to path: String) throws(PipelineError) -> UnixSocket {
    let socket = try make(path)
    // A program that hangs takes nobody out of the queue of those who connect, and the system waits once that is full.
    var patience = timeval(tv_sec: Int(patienceMs / 1000), tv_usec: 0)
    // SAFETY: the value outlives the call, and its size is its own.
    unsafe setsockopt(
      socket.descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let status = try unsafe withAddress(path) { unsafe connect(socket.descriptor, $0, $1) }
    guard status == 0 else {
      throw failure("no program listens at '\(path)'", remedy: "start the run with --control '\(path)'")
    }
    return socket
  }

  /// Waits up to `milliseconds` for somebody who connects; nil when nobody came.
  func accept(milliseconds: Double) -> UnixSocket? {
    guard hasInput(milliseconds: milliseconds) else { return nil }
    let client = Glibc.accept(descriptor, nil, nil)
    return client >= 0 ? UnixSocket(client) : nil
  }

  /// The next line without its end; nil when none comes, in time and within the limit.
  ///
  /// - Parameter limit: bytes of a line; answers may hold pictures.
  func readLine(limit: Int = UnixSocket.lineLimit) -> String? {
    let deadline = SystemClock().now().advanced(byMilliseconds: Self.patienceMs)
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      if let line = takeLine() { return line }
      guard rest.count <= limit, isReady(for: POLLIN, until: deadline) else { return nil }
      // SAFETY: the call writes at most `count` bytes into the buffer.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      rest += buffer[..<count]
    }
  }

  private func takeLine() -> String? {
    guard let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = rest.count
      return nil
    }
    defer {
      rest.removeSubrange(...end)
      searched = 0
    }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  /// Whether a line, a part of one, or the other end's leaving can be read within the time; 0: now.
  func hasInput(milliseconds: Double) -> Bool {
    if rest[searched...].contains(UInt8(ascii: "\n")) { return true }
    // No time is left of none, and what lies there must be read all the same.
    if milliseconds <= 0 { return waits(for: POLLIN, milliseconds: 0) == 1 }
    return isReady(for: POLLIN, until: SystemClock().now().advanced(byMilliseconds: milliseconds))
  }

  private func isReady(for events: Int32, until deadline: MonotonicTime) -> Bool {
    while true {
      // Also where the other end keeps the socket ready, a deadline that has passed is over.
      let left = deadline.nanoseconds(since: SystemClock().now())
      guard left > 0 else { return false }
      let count = waits(for: events, milliseconds: Int32(clamping: left / 1_000_000 + 1))
      if count >= 0 || errno != EINTR { return count == 1 }
    }
  }

  private func waits(for events: Int32, milliseconds: Int32) -> Int32 {
    var wanted = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    // SAFETY: one descriptor, which outlives the call.
    return unsafe poll(&wanted, 1, milliseconds)
  }

  /// - Returns: false where the other end has not taken all of it in time.
  @discardableResult
  func write(line: String) -> Bool {
    let deadline = SystemClock().now().advanced(byMilliseconds: Self.patienceMs)
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      guard isReady(for: POLLOUT, until: deadline) else { return false }
      // SAFETY: the call reads at most `count` bytes of the slice.
      let count = unsafe bytes.withUnsafeBytes {
        unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  private static func make(_ path: String) throws(PipelineError) -> UnixSocket {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("cannot create a socket", remedy: "raise the limit on open files") }
    return UnixSocket(descriptor)
  }

  private static func isSocket(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: the call fills one stat.
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
  }

  private static func withAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(PipelineError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, bytes.count <= longestPath else {
      throw PipelineError(
        "the socket's path '\(path)' has \(bytes.count) bytes; 1 to \(longestPath) are allowed",
        remedy: "choose a shorter path",
        code: .invalidArgument)
    }
    // SAFETY: the path fits, as checked, and the rest of the array is zero; a sockaddr_un is a sockaddr of its length.
    return unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe withUnsafeMutableBytes(of: &pointer.pointee.sun_path) { unsafe $0.copyBytes(from: bytes) }
      return unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  private static func failure(_ what: String, remedy: String) -> PipelineError {
    // SAFETY: the text is copied at once.
    let reason = unsafe String(cString: strerror(errno))
    return PipelineError("\(what): \(reason)", remedy: remedy, code: .unreachable)
  }
}
