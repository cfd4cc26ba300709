import EdgepipeCore

/// How the HTTP interface is offered: the key `http` of a service file.
package struct InterfaceSettings: Sendable, Hashable {
  /// A port of 127.0.0.1, HOST:PORT, or `off`.
  package var listen = "127.0.0.1:8790"
  /// PEM files; nil: those that `serve --init` has made.
  package var certificate: String?
  package var key: String?
  /// Before every path, for a proxy that passes it on; empty or `/edgepipe`.
  package var basePath = ""
  /// Names under which a proxy offers the interface.
  package var hosts: [String] = []
  /// Addresses of proxies whose X-Forwarded-For is believed.
  package var proxies: [String] = []
  /// Pictures and files in which nothing is hidden are shown to nobody.
  package var showsOnlyAnonymized = false

  static let schema = ObjectSchema([
    .init(
      "listen", .string, default: "\"127.0.0.1:8790\"", "A port of 127.0.0.1, HOST:PORT, or 'off'."),
    .init("certificate", .string, "PEM file of the certificate and its chain. Default: the one of 'serve --init'."),
    .init("key", .string, "PEM file of the private key."),
    .init("basePath", .string, default: "\"\"", "Before every path, such as /edgepipe behind a proxy."),
    .init("hosts", .list(.string, count: 0...16), default: "[]", "Host names under which a proxy offers it."),
    .init(
      "proxies", .list(.string, count: 0...16), default: "[]", "Addresses of proxies whose X-Forwarded-For counts."),
    .init(
      "pictures", .word(["all", "anonymized"]), default: "\"all\"",
      "Which pictures and files are shown: all, or only those from behind a privacy.anonymize."),
  ])

  package init() {}

  /// - Parameter path: makes a path of the file one that can be opened.
  /// - Throws: `invalidConfiguration`.
  init(_ node: JSONNode, path: (String) -> String) throws(PipelineError) {
    self.init()
    if let listen = node["listen"]?.string { self.listen = listen }
    certificate = node["certificate"]?.string.map(path)
    key = node["key"]?.string.map(path)
    basePath = node["basePath"]?.string ?? ""
    hosts = node["hosts"]?.elements?.compactMap(\.string) ?? []
    proxies = node["proxies"]?.elements?.compactMap(\.string) ?? []
    showsOnlyAnonymized = node["pictures"]?.string == "anonymized"
    guard (certificate == nil) == (key == nil) else {
      throw PipelineError("'certificate' and 'key' belong together", code: .invalidConfiguration)
    }
    let isPath = basePath.hasPrefix("/") && !basePath.hasSuffix("/") && !basePath.contains("//")
    guard basePath.isEmpty || isPath else {
      throw PipelineError(
        "the base path '\(basePath)' must begin with '/' and not end with it", code: .invalidConfiguration)
    }
  }
}
