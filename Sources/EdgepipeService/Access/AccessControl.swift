#if WebServer
  import EdgepipeCore
  import Hummingbird
  import Synchronization

  /// Decides who may do what.
  ///
  /// Without tokens, everybody who reaches the server may do everything, if only this machine does; else nobody may.
  final class AccessControl: Sendable {
    static let cookieName = "edgepipe"

    private struct State {
      /// By the hashes of tokens.
      var roles: [String: Role] = [:]
      /// Of the token file when it was read.
      var version: FileVersion?
      var isRead = false
      var attempts = RateLimit(perSecond: 0.5, burst: 20)
      var requests = RateLimit(perSecond: 50, burst: 200)
      var sessions = Sessions()
    }

    private let store: TokenStore
    private let needsToken: Bool
    private let clock: any PipelineClock
    private let state = Mutex(State())

    /// - Parameter needsToken: also where there is none any more.
    init(_ store: TokenStore, needsToken: Bool, clock: any PipelineClock = SystemClock()) {
      self.store = store
      self.needsToken = needsToken
      self.clock = clock
    }

    /// Whether there is any token.
    ///
    /// - Throws: ``Problem`` 503 where the token file cannot be read.
    func isClosed() throws(Problem) -> Bool {
      try state.withLock { state throws(Problem) in
        try refresh(&state)
        return !state.roles.isEmpty
      }
    }

    /// - Parameter address: of the client.
    /// - Throws: ``Problem`` 429 for too many requests.
    func count(from address: String) throws(Problem) {
      let now = clock.now()
      guard state.withLock({ $0.requests.allows(address, at: now) }) else { throw Self.tooMany }
    }

    /// - Parameter address: of the client.
    /// - Throws: ``Problem``: 401 without a token that is known, 403 for one whose role is too low, 429 for too many requests.
    func check(_ request: Request, for role: Role, from address: String) throws(Problem) {
      let now = clock.now()
      try state.withLock { state throws(Problem) in
        if role == .anyone { return }
        try refresh(&state)
        if state.roles.isEmpty, !needsToken { return }
        guard let hash = Self.hash(of: request, state, now) else {
          throw Problem(
            .unauthorized, "this needs a token",
            remedy: "send Authorization: Bearer TOKEN; 'edgepipe token add' makes one",
            headers: [.wwwAuthenticate: "Bearer"])
        }
        let own = try self.role(hash, from: address, &state, now)
        guard own >= role else {
          throw Problem(.forbidden, "this needs the role \(role.rawValue); the token has \(own.rawValue)")
        }
      }
    }

    /// - Returns: a cookie's value.
    /// - Throws: ``Problem``: 401 for a token that is not known, 429 for too many tries.
    func signIn(_ token: String, from address: String) throws(Problem) -> (cookie: String, role: Role) {
      let now = clock.now(), hash = TokenStore.hash(token)
      return try state.withLock { state throws(Problem) in
        try refresh(&state)
        let role = try role(hash, from: address, &state, now)
        return (state.sessions.begin(token: hash, at: now), role)
      }
    }

    func signOut(_ request: Request) {
      guard let cookie = Self.cookie(of: request) else { return }
      state.withLock { $0.sessions.end(cookie) }
    }

    /// Of a request that has been let in.
    func role(of request: Request) -> Role {
      state.withLock { state in
        Self.hash(of: request, state, clock.now()).flatMap { state.roles[$0] } ?? .admin
      }
    }

    /// Guessing is slow; a token that is right is not.
    private func role(
      _ hash: String, from address: String, _ state: inout State, _ now: MonotonicTime
    ) throws(Problem) -> Role {
      if let role = state.roles[hash] { return role }
      guard state.attempts.allows(address, at: now) else { throw Self.tooMany }
      throw Problem(.unauthorized, "this token is not known", headers: [.wwwAuthenticate: "Bearer"])
    }

    private static let tooMany = Problem(
      .tooManyRequests, "too many requests", remedy: "try again in a few seconds", headers: [.retryAfter: "5"])

    /// Of the token that a request brings, or that its cookie stands for.
    private static func hash(of request: Request, _ state: State, _ now: MonotonicTime) -> String? {
      if let value = request.headers[.authorization] {
        return value.lowercased().hasPrefix("bearer ") ? TokenStore.hash(String(value.dropFirst("bearer ".count))) : ""
      }
      return cookie(of: request).flatMap { state.sessions.token(of: $0, at: now) }
    }

    private static func cookie(of request: Request) -> String? { request.cookies[cookieName]?.value }

    /// The file may change while the server runs.
    private func refresh(_ state: inout State) throws(Problem) {
      let version = FileVersion(store.path)
      if state.isRead, version == state.version { return }
      do {
        state.roles = Dictionary(
          try store.entries().map { ($0.hash, Role(rawValue: $0.role) ?? .viewer) },
          uniquingKeysWith: { first, _ in first })
        (state.version, state.isRead) = (version, true)
      } catch { throw Problem(.serviceUnavailable, "the token file cannot be read: \(error)") }
    }
  }
#endif
