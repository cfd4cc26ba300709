/// Why a message could not be sent or taken.
package enum WireFailure: Error, Sendable, Hashable {
  /// The other side is gone.
  case ended
  /// It did not answer in time.
  case late
  /// It does not keep to the protocol.
  case malformed(String)
  /// The system's error number.
  case system(Int32)

  package var description: String {
    switch self {
    case .ended: "it ended"
    case .late: "it did not answer in time"
    case .malformed(let what): "it sent nonsense (\(what))"
    case .system(let code): "system error \(code)"
    }
  }
}
