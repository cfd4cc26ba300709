import EdgepipeCore
import Foundation

/// What `serve --init` makes in a state folder: a certificate that signs itself, and a token of the role admin.
struct FirstStart {
  let fingerprint: String
  /// Nil where there was one of this role already.
  let token: String?

  static func certificate(_ state: String) -> String { state + "/tls/certificate.pem" }
  static func key(_ state: String) -> String { state + "/tls/key.pem" }

  /// - Throws: `alreadyExists` where it has been done before; ``PipelineError`` where files cannot be written.
  init(state: String, names: [String] = FirstStart.names) throws {
    try OutputPath.makePrivateFolder(state)
    let store = TokenStore(state: state), file = Self.certificate(state)
    if FileManager.default.fileExists(atPath: file) {
      throw PipelineError(
        "the service was initialized before: '\(file)' exists",
        remedy: "edgepipe token add makes further tokens; remove the file for a new certificate", code: .alreadyExists)
    }
    let certificate = try ServerCertificate(names: names)
    let (text, key) = try certificate.pem()
    fingerprint = try certificate.fingerprint()
    try OutputPath.makePrivateFolder(state + "/tls")
    try WholeFile.write(to: Self.key(state), rights: WholeFile.ownerAlone) { try $0(key) }
    try WholeFile.write(to: file) { try $0(text) }
    for path in [state + "/tls", Self.key(state), file] { TokenStore.giveToOwner(path) }
    token =
      try store.entries().contains { $0.role == "admin" } ? nil : store.add("admin", role: "admin")
  }

  /// This machine's.
  static var names: [String] {
    let host = ProcessInfo.processInfo.hostName
    return [host] + ["localhost", "127.0.0.1", "::1"].filter { $0 != host }
  }
}
