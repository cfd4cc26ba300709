import EdgepipeCore

/// The addresses of one server and model.
struct HTTPAddress: Sendable {
  /// Scheme, host and port, as they are told to people.
  let shown: String
  /// Maps the certificate's name, where it is not the host, to the host.
  let names: [String: String]
  private let root: String
  private let model: String

  init(_ settings: ServerSettings) {
    let scheme = settings.isTLS ? "https" : "http"
    shown = "\(scheme)://\(Self.bracketed(settings.host)):\(settings.port)"
    let name = settings.isTLS ? settings.serverName ?? settings.host : settings.host
    names = name == settings.host ? [:] : [name: settings.host]
    root = "\(scheme)://\(Self.bracketed(name)):\(settings.port)\(settings.path)/v2"
    let version = settings.version.map { "/versions/\(Self.escaped($0))" } ?? ""
    model = "\(root)/models/\(Self.escaped(settings.model))\(version)"
  }

  var server: String { root }
  var live: String { root + "/health/live" }
  var ready: String { root + "/health/ready" }
  var metadata: String { model }
  var modelReady: String { model + "/ready" }
  var infer: String { model + "/infer" }

  /// IPv6 addresses stand in brackets.
  private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

  private static func escaped(_ text: String) -> String {
    PercentEncoding.text(text, keeping: PercentEncoding.isUnreserved)
  }
}
