import CLibcrypto
import EdgepipeCore
import Foundation

/// A certificate that signs itself, for a first start: clients compare its fingerprint, or import it. Made by libcrypto,
/// with a P-256 key.
@safe final class ServerCertificate {
  static let days = 825

  private let certificate: OpaquePointer
  private let key: OpaquePointer

  // SAFETY, of what follows: each object is made by libcrypto, checked, owned by one place and freed there once; every
  // pointer that is handed over lives during the call.

  /// - Parameter names: DNS names and addresses that it is for; the first one is its name.
  /// - Throws: ``PipelineError`` where libcrypto fails.
  init(names: [String]) throws(PipelineError) {
    unsafe key = try Self.makeKey()
    guard let made = unsafe X509_new() else {
      unsafe EVP_PKEY_free(key)
      throw Self.failure
    }
    unsafe certificate = made
    let isSigned = unsafe Self.fill(certificate, key, names)
    if !isSigned { throw Self.failure }
  }

  deinit {
    unsafe X509_free(certificate)
    unsafe EVP_PKEY_free(key)
  }

  private static let failure = PipelineError("libcrypto cannot make a certificate", code: .unavailable)

  private static func makeKey() throws(PipelineError) -> OpaquePointer {
    guard let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw failure }
    defer { unsafe EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard unsafe EVP_PKEY_keygen_init(context) == 1,
      unsafe EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
      unsafe EVP_PKEY_keygen(context, &key) == 1, let made = unsafe key
    else { throw failure }
    return unsafe made
  }

  private static func fill(_ certificate: OpaquePointer, _ key: OpaquePointer, _ names: [String]) -> Bool {
    let name = unsafe X509_get_subject_name(certificate)
    let alternatives = names.map { (isAddress($0) ? "IP:" : "DNS:") + $0 }.joined(separator: ",")
    guard unsafe X509_set_version(certificate, 2) == 1,
      unsafe ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64(Int64.max))) == 1,
      // Clocks of small machines may be late.
      unsafe X509_gmtime_adj(X509_getm_notBefore(certificate), -86_400) != nil,
      unsafe X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86_400) != nil,
      unsafe X509_set_pubkey(certificate, key) == 1,
      unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, names.first ?? "edgepipe", -1, -1, 0) == 1,
      unsafe X509_set_issuer_name(certificate, name) == 1,
      unsafe add(NID_subject_alt_name, alternatives, to: certificate),
      unsafe add(NID_basic_constraints, "critical,CA:FALSE", to: certificate),
      unsafe add(NID_ext_key_usage, "serverAuth", to: certificate)
    else { return false }
    return unsafe X509_sign(certificate, key, EVP_sha256()) > 0
  }

  private static func add(_ kind: Int32, _ value: String, to certificate: OpaquePointer) -> Bool {
    guard let addition = unsafe X509V3_EXT_conf_nid(nil, nil, kind, value) else { return false }
    defer { unsafe X509_EXTENSION_free(addition) }
    return unsafe X509_add_ext(certificate, addition, -1) == 1
  }

  private static func isAddress(_ name: String) -> Bool {
    var four = in_addr(), six = in6_addr()
    return unsafe inet_pton(AF_INET, name, &four) == 1 || inet_pton(AF_INET6, name, &six) == 1
  }

  /// Both as PEM texts.
  func pem() throws(PipelineError) -> (certificate: String, key: String) {
    unsafe (
      try Self.text { unsafe PEM_write_bio_X509($0, certificate) == 1 },
      try Self.text { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) == 1 }
    )
  }

  private static func text(_ write: (OpaquePointer) -> Bool) throws(PipelineError) -> String {
    guard let memory = unsafe BIO_new(BIO_s_mem()) else { throw failure }
    defer { unsafe BIO_free(memory) }
    guard unsafe write(memory) else { throw failure }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe BIO_read(memory, $0.baseAddress, Int32($0.count)) }
    guard count > 0 else { throw failure }
    return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
  }

  /// SHA-256 of the whole certificate, as browsers show it: pairs of hexadecimal digits, separated by colons.
  func fingerprint() throws(PipelineError) -> String {
    var bytes = [UInt8](repeating: 0, count: 64), count: UInt32 = 0
    guard unsafe X509_digest(certificate, EVP_sha256(), &bytes, &count) == 1 else { throw Self.failure }
    return bytes.prefix(Int(count)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16).uppercased() }
      .joined(separator: ":")
  }
}
