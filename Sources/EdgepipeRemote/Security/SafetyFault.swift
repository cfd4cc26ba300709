import Foundation
import NIOSSL

/// Tells errors of TLS, which another attempt does not mend, from those of the network.
enum SafetyFault {
  /// What is not safe in a few words; nil for other errors.
  static func reason(_ error: any Error) -> String? {
    switch error {
    // Both are how connections break, and say nothing of who is at the other end.
    case NIOSSLError.uncleanShutdown, NIOSSLError.readInInvalidTLSState: nil
    case let error as NIOSSLExtraError: "\(error)"
    case NIOSSLError.handshakeFailed(let error): stack(error)
    case let error as NIOSSLError: "\(error)"
    case let error as BoringSSLError: stack(error)
    default: nil
    }
  }

  private static func stack(_ error: BoringSSLError) -> String? {
    switch error {
    // The other end has closed in the middle of the handshake.
    case .syscallError, .zeroReturn, .noError: nil
    default: words("\(error)")
    }
  }

  /// The library's word for it, such as CERTIFICATE_VERIFY_FAILED, without the place in its own source.
  private static func words(_ text: String) -> String {
    guard let mark = text.range(of: "OPENSSL_internal:") else { return text }
    return String(text[mark.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
  }
}
