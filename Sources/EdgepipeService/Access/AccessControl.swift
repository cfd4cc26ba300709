#if WebServer
  import EdgepipeCore
  import Glibc
  import Hummingbird
  import Synchronization

  /// Decides who may do what.
  ///
  /// Without tokens, everybody who reaches the server may do everything; the server then listens on the loopback address
  /// alone.
  final class AccessControl: Sendable {
    private struct State {
      var roles: [String: Role] = [:]
      /// Of the token file when it was read.
      var version: FileVersion?
      var isRead = false
      var attempts = RateLimit(perSecond: 0.5, burst: 20)
      var requests = RateLimit(perSecond: 50, burst: 200)
    }

    private let store: TokenStore
    private let clock: any PipelineClock
    private let state: Mutex<State>

    init(_ store: TokenStore, clock: any PipelineClock = SystemClock()) {
      self.store = store
      self.clock = clock
      state = Mutex(State())
    }

    /// - Parameter address: of the client.
    /// - Throws: ``Problem``: 401 without a token that is known, 403 for one whose role is too low, 429 for too many requests.
    func check(_ request: Request, for role: Role, from address: String) throws(Problem) {
      let now = clock.now()
      try state.withLock { state throws(Problem) in
        guard state.requests.allows(address, at: now) else { throw Self.tooMany }
        try refresh(&state)
        if role == .anyone || state.roles.isEmpty { return }
        // Guessing is slow, and a right token is not asked for less.
        guard let token = Self.token(of: request) else {
          throw Problem(
            .unauthorized, "this needs a token", remedy: "send Authorization: Bearer TOKEN; 'edgepipe token add' makes one",
            headers: [.wwwAuthenticate: "Bearer"])
        }
        guard let own = state.roles[TokenStore.hash(token)] else {
          guard state.attempts.allows(address, at: now) else { throw Self.tooMany }
          throw Problem(.unauthorized, "this token is not known", headers: [.wwwAuthenticate: "Bearer"])
        }
        guard own >= role else {
          throw Problem(.forbidden, "this needs the role \(role.rawValue); the token has \(own.rawValue)")
        }
      }
    }

    private static let tooMany = Problem(
      .tooManyRequests, "too many requests", remedy: "try again in a few seconds", headers: [.retryAfter: "5"])

    private static func token(of request: Request) -> String? {
      guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
      return String(value.dropFirst("bearer ".count))
    }

    /// The file may change while the server runs.
    private func refresh(_ state: inout State) throws(Problem) {
      let version = FileVersion(store.path)
      if state.isRead, version == state.version { return }
      do {
        state.roles = Dictionary(
          try store.entries().map { ($0.hash, Role(rawValue: $0.role) ?? .viewer) }, uniquingKeysWith: { first, _ in first })
        (state.version, state.isRead) = (version, true)
      } catch { throw Problem(.serviceUnavailable, "the token file cannot be read: \(error)") }
    }
  }

  /// Tells whether a file has been replaced or written.
  private struct FileVersion: Equatable {
    let inode: UInt64
    let size: Int64
    let seconds: Int64
    let nanoseconds: Int64

    init?(_ path: String) {
      var status = stat()
      // SAFETY: the path is a terminated copy for the call, which fills one stat.
      guard unsafe stat(path, &status) == 0 else { return nil }
      (inode, size) = (UInt64(status.st_ino), Int64(status.st_size))
      (seconds, nanoseconds) = (Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec))
    }
  }
#endif
