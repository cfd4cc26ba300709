import EdgepipeCore
import Foundation

/// The tokens that open the HTTP interface. Only their hashes are kept: a token has 256 random bits, so that its SHA-256
/// tells nothing of it.
package struct TokenStore: Sendable {
  package struct Entry: Sendable, Hashable {
    package let name: String
    package let role: String
    let hash: String
    package let created: String
  }

  package static let roles = ["viewer", "operator", "admin"]

  private static let schema = ObjectSchema([
    .init("version", .integer(1...1), required: true, "Of this format."),
    .init(
      "tokens",
      .list(
        .object(
          ObjectSchema([
            .init("name", .string, required: true, "Whose it is."),
            .init("role", .word(roles), required: true, "What it may do."),
            .init("sha256", .string, required: true, "Its hash."),
            .init("created", .string, required: true, "When it was made."),
          ])), count: 0...1000), required: true, "The tokens."),
  ])

  let path: String

  /// - Parameter state: the service's state folder.
  package init(state: String) { path = state + "/tokens.json" }

  /// None where there is no file.
  package func entries() throws -> [Entry] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    let file = try CheckedFile(reading: path, kind: "token file", schema: Self.schema)
    return (file.root["tokens"]?.elements ?? []).compactMap { node in
      guard let name = node["name"]?.string, let role = node["role"]?.string, let hash = node["sha256"]?.string else {
        return nil
      }
      return Entry(name: name, role: role, hash: hash, created: node["created"]?.string ?? "")
    }
  }

  /// Makes a token.
  ///
  /// - Returns: the token, which is not kept anywhere.
  /// - Throws: `alreadyExists` for a name that has one; `invalidArgument` for a name that cannot be one.
  package func add(_ name: String, role: String) throws -> String {
    try ServicePlan.check(name)
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    var entries = try entries()
    if entries.contains(where: { $0.name == name }) {
      throw PipelineError(
        "there is a token '\(name)' already", remedy: "remove it first, or choose another name", code: .alreadyExists)
    }
    let token = "ep_" + Self.random()
    entries.append(
      Entry(name: name, role: role, hash: Self.hash(token), created: SystemClock().wallTime().iso8601))
    try write(entries)
    return token
  }

  /// - Throws: `notFound` for a name without a token.
  package func remove(_ name: String) throws {
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    let entries = try entries(), left = entries.filter { $0.name != name }
    if left.count == entries.count { throw PipelineError("there is no token '\(name)'", code: .notFound) }
    try write(left)
  }

  /// 256 random bits as text that may stand in addresses and cookies.
  static func random() -> String {
    var random = SystemRandomNumberGenerator()
    let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) }
    return Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }

  /// What root makes in the folder of a service is the service's.
  static func giveToOwner(_ path: String) {
    var status = stat()
    let folder = (path as NSString).deletingLastPathComponent
    // SAFETY: the paths are terminated copies for the calls, and `status` outlives them.
    guard geteuid() == 0, unsafe stat(folder, &status) == 0 else { return }
    unsafe chown(path, status.st_uid, status.st_gid)
  }

  static func hash(_ token: String) -> String { FileHash.sha256(of: Data(token.utf8)) }

  /// Two at a time would undo what the other one does.
  private func lock() throws(PipelineError) -> RunLock {
    try OutputPath.makePrivateFolder((path as NSString).deletingLastPathComponent)
    let path = path + ".lock"
    let lock = try RunLock(path: path, what: "another 'edgepipe token'")
    Self.giveToOwner(path)
    return lock
  }

  private func write(_ entries: [Entry]) throws {
    let list = entries.map { entry in
      ReportValue.object([
        "name": .string(entry.name), "role": .string(entry.role), "sha256": .string(entry.hash),
        "created": .string(entry.created),
      ])
    }
    let text = try ReportValue.object(["version": .int(1), "tokens": .list(list)]).json()
    try WholeFile.write(to: path, rights: WholeFile.ownerAlone) { try $0(text) }
    Self.giveToOwner(path)
  }
}
