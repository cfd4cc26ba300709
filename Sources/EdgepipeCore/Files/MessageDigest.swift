import CLibcrypto
package import Foundation

/// A hash of bytes that come a piece at a time, by OpenSSL's libcrypto. Used by one thread.
@safe package struct MessageDigest: ~Copyable {
  /// A hash function. It is looked up once and then shared by all threads: libcrypto never changes it.
  @safe package struct Function: @unchecked Sendable {
    fileprivate let pointer: OpaquePointer

    static let sha256 = Function("SHA2-256")
    package static let sha1 = Function("SHA1")

    // A context of its own does not read the system's configuration file, which may turn hash functions off. It lives as
    // long as the process, and so do the functions.
    private init(_ name: String) {
      guard let context = unsafe OSSL_LIB_CTX_new(), let function = unsafe EVP_MD_fetch(context, name, nil) else {
        fatalError("libcrypto has no \(name), or there is no memory left")
      }
      unsafe pointer = function
    }
  }

  private let context: OpaquePointer

  init(_ function: Function) {
    // SAFETY: the context is owned by this value; the function lives as long as the process.
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex2(context, function.pointer, nil) == 1 else {
      fatalError("libcrypto cannot begin a hash: there is no memory left")
    }
    unsafe self.context = context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  func update(_ data: Data) {
    unsafe data.withUnsafeBytes { bytes in
      // SAFETY: exactly the bytes of `data` are read, and only during the call.
      let isTaken = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      precondition(isTaken == 1, "libcrypto refused bytes of a hash that is not finished")
    }
  }

  /// The hash in lower-case hexadecimal.
  consuming func finish() -> String {
    let digits = Array("0123456789abcdef".utf8)
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE)), count: UInt32 = 0
    // SAFETY: no function's hash is longer than EVP_MAX_MD_SIZE.
    let isFinished = unsafe EVP_DigestFinal_ex(context, &bytes, &count)
    precondition(isFinished == 1, "libcrypto could not finish a hash")
    return String(
      decoding: bytes.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package static func hexadecimal(of data: Data, _ function: Function) -> String {
    let digest = MessageDigest(function)
    digest.update(data)
    return digest.finish()
  }
}
