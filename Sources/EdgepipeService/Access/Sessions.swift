import EdgepipeCore
import Foundation

/// The browsers that have signed in: each has a cookie in place of its token, for a working day.
struct Sessions: Sendable {
  static let hours = 12
  private static let most = 1000

  private struct Session {
    /// Of the token.
    let hash: String
    let end: MonotonicTime
  }

  /// By the hash of the cookie's value.
  private var sessions: [String: Session] = [:]

  /// - Returns: the value of the cookie.
  mutating func begin(token hash: String, at now: MonotonicTime) -> String {
    sessions = sessions.filter { $0.value.end > now }
    if sessions.count >= Self.most, let oldest = sessions.min(by: { $0.value.end < $1.value.end }) {
      sessions[oldest.key] = nil
    }
    let value = TokenStore.random()
    sessions[TokenStore.hash(value)] = Session(
      hash: hash, end: now.advanced(byMilliseconds: Double(Self.hours) * 3_600_000))
    return value
  }

  /// The hash of the token that a cookie stands for.
  func token(of cookie: String, at now: MonotonicTime) -> String? {
    guard let session = sessions[TokenStore.hash(cookie)], session.end > now else { return nil }
    return session.hash
  }

  mutating func end(_ cookie: String) { sessions[TokenStore.hash(cookie)] = nil }
}
