import EdgepipeCore
import Foundation

/// Where a server is, as settings name it: `http://HOST:PORT`, `https://`, `grpc://` or `grpcs://`, with a path before `v2` where
/// a proxy wants one.
struct ServerAddress: Hashable, Sendable {
  var way: ServerSettings.Way
  var host: String
  var port: Int
  var path: String
  var isTLS: Bool

  /// Ports as Triton has them.
  private static let ports: [ServerSettings.Way: Int] = [.http: 8000, .grpc: 8001]

  init(_ text: String) throws(PipelineError) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      let host = parts.host, !host.isEmpty
    else { throw Self.fault(text, "is no address of a server") }
    switch scheme {
    case "http", "https": way = .http
    case "grpc", "grpcs": way = .grpc
    default: throw Self.fault(text, "begins with \(Quoted.text(scheme))")
    }
    guard parts.user == nil, parts.password == nil else {
      throw PipelineError(
        "'\(URLRedaction.redact(text))' holds a password", remedy: "give a token: \"token\": \"${TOKEN}\"",
        code: .invalidConfiguration)
    }
    guard parts.query == nil, parts.fragment == nil else { throw Self.fault(text, "has more than an address") }
    isTLS = scheme.hasSuffix("s")
    // IPv6 addresses stand in brackets.
    self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    port = parts.port ?? (way == .http && isTLS ? 443 : Self.ports[way] ?? 8000)
    path = parts.path == "/" ? "" : parts.path
    while path.hasSuffix("/") { path.removeLast() }
    guard (1...65_535).contains(port) else { throw Self.fault(text, "has the port \(port)") }
    if way == .grpc, !path.isEmpty { throw Self.fault(text, "has a path, which gRPC does not know") }
  }

  private static func fault(_ text: String, _ what: String) -> PipelineError {
    PipelineError(
      "'\(URLRedaction.redact(text))' \(what)",
      remedy: "write it as http://HOST:8000, https://, grpc://HOST:8001 or grpcs://", code: .invalidConfiguration)
  }
}
