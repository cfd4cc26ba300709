import EdgepipeCore
import Foundation
import NIOSSL

/// Where a webhook's requests go, checked.
struct HTTPTarget: Sendable {
  let url: String
  /// Its server alone: the path of a webhook is often its secret.
  let shown: String
  let isTLS: Bool
  let method: String
  let headers: [(name: String, value: String)]
  let contentType: String
  let joins: HTTPBatch
  let signature: WebhookSignature?
  let timeoutS: Double
  private let ca: String?
  private let certificate: String?
  private let key: String?

  init(_ configuration: HTTPSink.Configuration) throws(PipelineError) {
    url = configuration.url
    guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = parts.host, !host.isEmpty
    else {
      throw Self.fault("'\(URLRedaction.redact(url))' is no web address", "write url as https://HOST/PATH")
    }
    if parts.user != nil || parts.password != nil {
      throw Self.fault(
        "'url' holds a password, which would stand in logs of others",
        "give it as a header: \"headers\": [\"Authorization: Basic ${CREDENTIALS}\"]")
    }
    isTLS = scheme == "https"
    shown = "\(scheme)://\(host)\(parts.port.map { ":\($0)" } ?? "")"
    method = configuration.method
    headers = try configuration.headers.map { header throws(PipelineError) in try Self.header(header) }
    joins = configuration.body != nil ? .single : configuration.format == "lines" ? .lines : .array
    contentType = configuration.contentType ?? (joins == .lines ? "application/x-ndjson" : "application/json")
    signature = configuration.secret.map(WebhookSignature.init)
    timeoutS = configuration.sending.timeoutS
    (ca, certificate, key) = (configuration.ca, configuration.certificate, configuration.key)
    if (certificate == nil) != (key == nil) {
      throw Self.fault("a client's certificate needs its key, and a key its certificate", "give both, or neither")
    }
    if !isTLS, ca != nil || certificate != nil {
      throw Self.fault("'\(shown)' is not protected, and has certificates", "write https://")
    }
  }

  /// The rules of the connection: the server's name and chain are checked in any case, and TLS is at least 1.2.
  ///
  /// - Throws: ``PipelineError`` when a file cannot be read.
  func tls() throws(PipelineError) -> TLSConfiguration? {
    guard isTLS else { return nil }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let ca { tls.trustRoots = .certificates(try Self.certificates(ca)) }
    if let certificate, let key {
      tls.certificateChain = try Self.certificates(certificate).map { .certificate($0) }
      do { tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)) } catch {
        throw Self.unreadable(key, error)
      }
    }
    return tls
  }

  private static func certificates(_ path: String) throws(PipelineError) -> [NIOSSLCertificate] {
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

  private static func header(_ text: String) throws(PipelineError) -> (name: String, value: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    // RFC 9110, section 5.1: a token; and no line breaks in values.
    let marks = Set("!#$%&'*+-.^_`|~")
    let isName = parts[0].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0)) }
    guard parts.count == 2, !parts[0].isEmpty, isName, !parts[1].contains(where: \.isNewline) else {
      throw fault(
        "a header is written 'Name: value'; its name is \(Quoted.text(String(parts[0])))", "correct 'headers'")
    }
    return (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces))
  }

  private static func fault(_ message: String, _ remedy: String) -> PipelineError {
    PipelineError(message, remedy: remedy, code: .invalidConfiguration)
  }
}

/// How the results of a batch become one body.
enum HTTPBatch: Sendable {
  case array
  case lines
  /// One result a request.
  case single

  func join(_ items: [OutgoingItem]) -> [UInt8] {
    switch self {
    case .single: items.first?.body ?? []
    case .lines: items.flatMap { $0.body + [UInt8(ascii: "\n")] }
    case .array: [UInt8(ascii: "[")] + items.map(\.body).joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }
  }
}
