import EdgepipeCore
import NIOSSL

/// The certificates and keys that a server's settings name, read once, when its client is made.
struct PEMFiles {
  /// In place of the system's authorities; nil for those.
  let authorities: [NIOSSLCertificate]?
  /// The client's own, with those that vouch for it.
  let chain: [NIOSSLCertificate]
  let key: NIOSSLPrivateKey?

  /// - Throws: ``PipelineError`` where a file cannot be read, and where a certificate lacks its key.
  init(_ settings: ServerSettings) throws {
    if (settings.certificate == nil) != (settings.key == nil) {
      throw PipelineError(
        "a client's certificate needs its key, and a key its certificate", remedy: "give both, or neither",
        code: .invalidConfiguration)
    }
    authorities = try settings.ca.map(Self.certificates)
    chain = try settings.certificate.map(Self.certificates) ?? []
    key = try settings.key.map { path in
      do { return try NIOSSLPrivateKey(file: path, format: .pem) } catch { throw Self.unreadable(path, error) }
    }
  }

  /// The rules of an HTTP connection: the server's name and chain are always checked, and TLS is at least 1.3.
  var tls: TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv13
    if let authorities { tls.trustRoots = .certificates(authorities) }
    tls.certificateChain = chain.map { .certificate($0) }
    tls.privateKey = key.map { .privateKey($0) }
    return tls
  }

  private static func certificates(_ path: String) throws -> [NIOSSLCertificate] {
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      if certificates.isEmpty { throw PipelineError("it holds no certificate", code: .malformed) }
      return certificates
    } catch { throw unreadable(path, error) }
  }

  private static func unreadable(_ path: String, _ error: any Error) -> PipelineError {
    PipelineError(
      "cannot read '\(path)': \(error)", remedy: "name a PEM file that this user can read", code: .notFound)
  }
}
