import Glibc

/// Descriptors 0 to 2 as the parent process left them: a supervisor may have closed any of them.
package enum StandardDescriptors {
  /// Puts something in the place of each of the three that is closed, so that no file or socket that is opened later
  /// becomes standard output. It can be neither read nor written: what needs the descriptor learns that it is not there.
  /// Call it first in `main`.
  package static func fill() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where isClosed(descriptor) {
      // The lowest free number is taken, and those below are filled by now. A bare root has no /dev.
      let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
      // SAFETY: both paths are NUL-terminated literals.
      if unsafe open("/dev/null", mode) < 0 { _ = unsafe open("/", O_RDONLY | O_DIRECTORY) }
    }
  }

  /// Whether `descriptor` can be written to; false for one that ``fill()`` has put there.
  package static func canWrite(_ descriptor: Int32) -> Bool {
    let flags = fcntl(descriptor, F_GETFL)
    return flags >= 0 && flags & O_ACCMODE != O_RDONLY
  }

  /// The descriptor that an output called `path` stands for, or nil for what has to be opened. Opening `/dev/stdout` anew
  /// would fail for sockets, such as the journal's, and would make a pipe of ours to ourselves.
  package static func output(named path: String) -> Int32? {
    switch path {
    case "-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1": STDOUT_FILENO
    case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2": STDERR_FILENO
    default: nil
    }
  }

  /// Whether a file called `path` is standard input.
  package static func isInput(_ path: String) -> Bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(path)
  }

  private static func isClosed(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) < 0 && errno == EBADF }
}

/// Writing all of something to a descriptor.
package enum DescriptorWriting {
  /// Writes until all bytes are gone or an error ends it. Where another program has made the descriptor non-blocking, it
  /// is waited for.
  ///
  /// - Returns: how many bytes were written, and the system's error number where these are not all.
  package static func write(_ bytes: borrowing [UInt8], to descriptor: Int32) -> (count: Int, error: Int32?) {
    var written = 0
    while written < bytes.count {
      // SAFETY: the bytes from `written` to the array's end are read during the call only.
      let count = unsafe bytes.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return 0 }
        return unsafe Glibc.write(descriptor, base + written, bytes.count - written)
      }
      if count > 0 {
        written += count
      } else if count == 0 {
        return (written, EIO)
      } else if errno == EAGAIN {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // SAFETY: one pollfd, which outlives the call.
        _ = unsafe poll(&waiting, 1, -1)
      } else if errno != EINTR {
        return (written, errno)
      }
    }
    return (written, nil)
  }
}
