import CLibcrypto
import EdgepipeCore
import Foundation

/// The signature of the Standard Webhooks (standardwebhooks.com, version 1): HMAC-SHA256 over `id.timestamp.body`.
struct WebhookSignature: Sendable {
  private let key: [UInt8]

  /// - Parameter secret: `whsec_` and base64, as the specification writes secrets, or any other text as it stands.
  init(secret: String) {
    if secret.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(secret.dropFirst(6))) {
      key = Array(bytes)
    } else {
      key = Array(secret.utf8)
    }
  }

  /// - Returns: the value of `webhook-signature`: `v1,` and the signature in base64.
  func sign(id: String, seconds: Int64, body: [UInt8]) -> String {
    let message = Array("\(id).\(seconds).".utf8) + body
    var signature = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE)), count: UInt32 = 0
    // SAFETY: both buffers are read for exactly their lengths during the call; no hash is longer than EVP_MAX_MD_SIZE.
    let isDone = unsafe HMAC(
      EVP_sha256(), key, Int32(clamping: key.count), message, message.count, &signature, &count)
    precondition(unsafe isDone != nil, "libcrypto cannot compute an HMAC")
    return "v1," + Data(signature.prefix(Int(count))).base64EncodedString()
  }
}
