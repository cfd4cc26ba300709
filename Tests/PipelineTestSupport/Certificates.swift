package import Foundation
import Testing

/// A certificate authority of the test's own, on elliptic curves, and what it has signed.
package struct Certificates {
  package static let isAvailable = FileManager.default.isExecutableFile(atPath: program.path)
  private static let program = URL(fileURLWithPath: "/usr/bin/openssl")

  package struct Pair {
    package let certificate: String
    package let key: String
  }

  private let folder: URL
  /// The authority itself.
  package let authority: Pair

  /// - Parameter name: of files; several authorities may share a folder.
  package init(in folder: URL, name: String = "ca") throws {
    self.folder = folder
    authority = Self.pair(in: folder, name)
    try Self.key(authority.key)
    try Self.openssl(
      [
        "req", "-x509", "-new", "-key", authority.key, "-days", "2", "-subj", "/CN=\(name)", "-out",
        authority.certificate,
      ])
  }

  /// - Parameter names: of a server, such as `IP:127.0.0.1`; empty for a client.
  package func signed(_ subject: String, names: [String] = []) throws -> Pair {
    try signed(subject, names, ["-days", "2"])
  }

  /// As ``signed(_:names:)``, and out of date since a day.
  package func expired(_ subject: String, names: [String]) throws -> Pair {
    // openssl x509 has no dates of its own before version 3.4; its days may be negative, counted from now.
    try signed(subject, names, ["-days", "-1"])
  }

  private func signed(_ subject: String, _ names: [String], _ days: [String]) throws -> Pair {
    let pair = Self.pair(in: folder, subject), request = path(subject + ".csr")
    try Self.key(pair.key)
    try Self.openssl(["req", "-new", "-key", pair.key, "-subj", "/CN=\(subject)", "-out", request])
    var extensions: [String] = []
    if !names.isEmpty {
      let file = path(subject + ".ext")
      try ("subjectAltName=" + names.joined(separator: ",")).write(toFile: file, atomically: false, encoding: .utf8)
      extensions = ["-extfile", file]
    }
    try Self.openssl(
      [
        "x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial",
        "-out", pair.certificate,
      ] + days + extensions)
    return pair
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private static func pair(in folder: URL, _ name: String) -> Pair {
    func path(_ ending: String) -> String { folder.appendingPathComponent(name + ending).path }
    return Pair(certificate: path(".crt"), key: path(".key"))
  }

  private static func key(_ path: String) throws {
    try openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path])
  }

  private static func openssl(_ arguments: [String]) throws {
    let result = try TestData.run(program, arguments)
    try #require(result.status == 0, "openssl \(arguments.joined(separator: " "))")
  }
}
