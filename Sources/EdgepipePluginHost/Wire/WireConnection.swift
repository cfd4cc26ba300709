import CPlatform
package import EdgepipeCore
import Glibc

/// Messages over a ``WireSocket``. Used by one thread.
package final class WireConnection {
  package struct Message {
    package let kind: WireKind
    package let call: UInt64
    package var content: WireReader
  }

  /// Longer messages are refused: everything but pictures goes through them.
  static let maximumBytes = 16 << 20

  package let socket: WireSocket
  private var writer = WireWriter()
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var filled = 0
  private var used = 0
  private var receivedDescriptor: Int32 = -1
  /// Whether descriptors are taken. The program takes none: the system closes what a plugin sends.
  private let takesDescriptors: Bool

  package init(_ socket: WireSocket, takesDescriptors: Bool = false) {
    self.socket = socket
    self.takesDescriptors = takesDescriptors
  }

  deinit { if receivedDescriptor >= 0 { close(receivedDescriptor) } }

  /// - Parameter descriptor: goes with it; the other side gets one of its own.
  package func send(
    _ kind: WireKind, call: UInt64, descriptor: Int32 = -1, _ content: (inout WireWriter) -> Void = { _ in }
  ) throws(WireFailure) {
    writer.restart()
    content(&writer)
    guard writer.bytes.count - WireWriter.headerBytes <= Self.maximumBytes else {
      throw .malformed("a message of \(writer.bytes.count) bytes")
    }
    writer.seal(kind, call: call)
    var sent = 0, descriptor = descriptor
    while sent < writer.bytes.count {
      // SAFETY: the bytes from `sent` to the array's end are read during the call only.
      let count = unsafe writer.bytes.withUnsafeBytes { bytes in
        unsafe ep_send(socket.descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, descriptor)
      }
      if count > 0 {
        sent += count
        descriptor = -1
      } else if count != -Int(EINTR) {
        throw Self.failure(count)
      }
    }
  }

  /// The next message.
  ///
  /// - Parameter deadline: after which no further part is waited for; one part waits as long as the socket's limit says.
  package func receive(until deadline: MonotonicTime? = nil) throws(WireFailure) -> Message {
    while true {
      if let message = try nextMessage() { return message }
      try fill()
      if let deadline, SystemClock().now() > deadline { throw .late }
    }
  }

  /// The descriptor that came last, which the caller closes; nil where none has come since.
  package func takeDescriptor() -> Int32? {
    defer { receivedDescriptor = -1 }
    return receivedDescriptor >= 0 ? receivedDescriptor : nil
  }

  private func nextMessage() throws(WireFailure) -> Message? {
    guard filled - used >= WireWriter.headerBytes else { return nil }
    var header = WireReader(buffer, used..<used + WireWriter.headerBytes)
    let count = Int(try header.uint32())
    guard count <= Self.maximumBytes else { throw .malformed("a message of \(count) bytes") }
    let kind = try header.value(WireKind.self), call = try header.uint64()
    let start = used + WireWriter.headerBytes
    guard filled - start >= count else {
      makeRoom(WireWriter.headerBytes + count)
      return nil
    }
    used = start + count
    return Message(kind: kind, call: call, content: WireReader(buffer, start..<used))
  }

  private func makeRoom(_ count: Int) {
    if used > 0 {
      buffer.replaceSubrange(0..<filled - used, with: buffer[used..<filled])
      filled -= used
      used = 0
    }
    if buffer.count < count { buffer += [UInt8](repeating: 0, count: count - buffer.count) }
  }

  private func fill() throws(WireFailure) {
    if used == filled { (used, filled) = (0, 0) }
    if filled == buffer.count { makeRoom(filled - used + 1) }
    var descriptor: Int32 = -1
    // SAFETY: the call writes no more than the array has room for after `filled`.
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      let start = unsafe bytes.baseAddress?.advanced(by: filled), room = bytes.count - filled
      return unsafe takesDescriptors
        ? ep_receive(socket.descriptor, start, room, &descriptor) : Self.receive(socket.descriptor, start, room)
    }
    if descriptor >= 0 {
      if receivedDescriptor >= 0 { close(receivedDescriptor) }
      receivedDescriptor = descriptor
    }
    if count > 0 { filled += count } else if count != -Int(EINTR) { throw Self.failure(count) }
  }

  private static func receive(_ descriptor: Int32, _ start: UnsafeMutableRawPointer?, _ room: Int) -> Int {
    // SAFETY: the caller passes memory of `room` bytes.
    let count = unsafe recv(descriptor, start, room, 0)
    return count < 0 ? -Int(errno) : count
  }

  /// - Parameter count: 0, or minus the system's error number.
  private static func failure(_ count: Int) -> WireFailure {
    switch Int32(truncatingIfNeeded: -count) {
    case 0, EPIPE, ECONNRESET: .ended
    case EAGAIN: .late
    case let code: .system(code)
    }
  }
}
