import Foundation
import PipelineTestSupport

/// A certificate authority of the test's own, on elliptic curves, and what it has signed.
struct Certificates {
  static let isAvailable = TestProgram.isInstalled("/usr/bin/openssl")

  struct Pair {
    let certificate: String
    let key: String
  }

  struct Failed: Error { let arguments: [String] }

  private let files: FilesFixture
  private let name: String
  /// The authority itself.
  let authority: Pair

  /// - Parameter name: of files; several authorities may share a folder.
  init(in files: FilesFixture, name: String = "ca") throws {
    (self.files, self.name) = (files, name)
    authority = Pair(certificate: files.path("\(name).crt"), key: files.path("\(name).key"))
    try Self.key(authority.key)
    try Self.openssl(
      [
        "req", "-x509", "-new", "-key", authority.key, "-days", "2", "-subj", "/CN=\(name)", "-out",
        authority.certificate,
      ])
  }

  /// - Parameter names: of a server, such as `IP:127.0.0.1`; empty for a client.
  func signed(_ subject: String, names: [String] = []) throws -> Pair {
    let pair = Pair(certificate: files.path("\(subject).crt"), key: files.path("\(subject).key"))
    try Self.key(pair.key)
    let request = files.path("\(subject).csr")
    try Self.openssl(["req", "-new", "-key", pair.key, "-subj", "/CN=\(subject)", "-out", request])
    var extensions: [String] = []
    if !names.isEmpty {
      extensions = ["-extfile", try files.file("\(subject).ext", "subjectAltName=" + names.joined(separator: ","))]
    }
    try Self.openssl(
      [
        "x509", "-req", "-in", request, "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial",
        "-days",
        "2", "-out", pair.certificate,
      ] + extensions)
    return pair
  }

  private static func key(_ path: String) throws {
    try openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path])
  }

  private static func openssl(_ arguments: [String]) throws {
    let program = try TestProgram("/usr/bin/openssl", arguments)
    _ = try program.finish()
    program.stop()
    guard let path = arguments.last, FileManager.default.fileExists(atPath: path) || arguments.contains("-extfile")
    else {
      throw Failed(arguments: arguments)
    }
  }
}
