/// Why a server gave no answer that can be used.
struct RemoteFailure: Error, Hashable, Sendable {
  enum Kind: String, Sendable {
    /// No connection, or it broke.
    case unreachable
    /// The limit came first.
    case late
    /// The caller has ended it.
    case cancelled
    /// The server has too much to do; `retryAfterS` says when to come again, where it does.
    case busy
    /// It answers with an error that another attempt will not change, such as an unknown model.
    case refused
    /// An error of the server's own, such as 500: another server may do better.
    case failed
    /// The answer is not what the protocol asks for, or not what was asked.
    case malformed
    /// Shapes, types or names differ from what the model here has.
    case mismatch
    /// The connection is not safe: a certificate, a name or a version of TLS.
    case unsafe
  }

  var kind: Kind
  /// With everything from outside quoted and cut.
  var message: String
  var retryAfterS: Double?
  /// Whether the server may have begun the work.
  var mayHaveRun: Bool

  init(_ kind: Kind, _ message: String, retryAfterS: Double? = nil, mayHaveRun: Bool = true) {
    self.kind = kind
    self.message = message
    self.retryAfterS = retryAfterS
    self.mayHaveRun = mayHaveRun
  }
}
