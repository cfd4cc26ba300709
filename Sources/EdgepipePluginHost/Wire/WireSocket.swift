import CPlatform
import Glibc

/// One end of the pair of sockets between the program and the process of a plugin.
package final class WireSocket: Sendable {
  package let descriptor: Int32

  /// Takes a descriptor over.
  package init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { Glibc.close(descriptor) }

  package static func pair() throws(WireFailure) -> (WireSocket, WireSocket) {
    var ends: [Int32] = [-1, -1]
    // SAFETY: the array has room for the two descriptors that the call writes.
    let status = unsafe ends.withUnsafeMutableBufferPointer {
      unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, $0.baseAddress)
    }
    guard status == 0 else { throw .system(errno) }
    return (WireSocket(owning: ends[0]), WireSocket(owning: ends[1]))
  }

  /// From now on one call waits no longer than this for the other side.
  package func limit(milliseconds: Int) {
    var time = timeval(tv_sec: milliseconds / 1000, tv_usec: milliseconds % 1000 * 1000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      // SAFETY: `time` outlives the call.
      _ = unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  /// Whoever waits at either end learns that this is over. Any thread.
  package func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}
