import Glibc
import Synchronization

/// Texts to one descriptor that may be closed, full, or a pipe whose reader goes. The first failure is kept, and what
/// would follow it is left out: the program goes on with its work, and asks in the end what became of the words.
package final class TextOutput: Sendable {
  /// Why texts are not where they should be.
  package enum Failure: Sendable, Hashable {
    /// It was closed before the program began.
    case closed
    /// Nobody reads the pipe any more.
    case readerGone
    /// The terminal has gone, and nobody was to keep what it showed.
    case hungUp
    /// The system's error number.
    case failed(Int32)

    /// 128 + SIGPIPE where the reader has gone, as for programs that the signal ends; 74 where the words were to stay.
    package var exit: ExitStatus {
      switch self {
      case .readerGone: .readerGone
      case .hungUp: .success
      case .closed, .failed: .ioError
      }
    }

    /// In words, or nil where nothing needs to be said: who has left knows.
    package var reason: String? {
      switch self {
      case .closed: "it is closed"
      case .readerGone, .hungUp: nil
      // SAFETY: strerror answers with a terminated string that is copied at once.
      case .failed(let code): unsafe String(cString: strerror(code))
      }
    }
  }

  private let descriptor: Int32
  private let state: Mutex<Failure?> = Mutex(nil)

  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// The first failure so far.
  package var failure: Failure? { state.withLock { $0 } }

  /// Whether it was there when the program began.
  package var isOpen: Bool { StandardDescriptors.canWrite(descriptor) }

  /// Writes `text` with one call where the system takes it at once.
  package func write(_ text: String) {
    // Two threads' lines must not be mixed.
    state.withLock { state in
      guard state == nil else { return }
      guard isOpen else { return state = .closed }
      guard let code = DescriptorWriting.write(Array(text.utf8), to: descriptor).error else { return }
      state =
        switch code {
        case EPIPE, ECONNRESET: .readerGone
        // A terminal that was hung up is none any more.
        case EIO where isDevice: .hungUp
        default: .failed(code)
        }
    }
  }

  private var isDevice: Bool {
    var status = stat()
    // SAFETY: `status` outlives the call, which writes one `stat`.
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
  }
}
