import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The certificate of a first start")
struct ServerCertificateTests {
  private static let program = URL(fileURLWithPath: "/usr/bin/openssl")

  @Test(
    "given a first start, when openssl looks at the certificate, then names, purpose and fingerprint are as said",
    .enabled(if: FileManager.default.isExecutableFile(atPath: program.path), "needs openssl"))
  func openssl() throws {
    let folder = try TestData.temporaryFolder("certificate")
    defer { try? FileManager.default.removeItem(at: folder) }
    let first = try FirstStart(state: folder.path, names: ["camera-3.example", "192.168.1.7", "::1"])
    let file = FirstStart.certificate(folder.path), key = FirstStart.key(folder.path)
    func ask(_ arguments: String...) throws -> String {
      let result = try TestData.run(Self.program, arguments)
      #expect(result.status == 0)
      return String(decoding: result.output, as: UTF8.self)
    }
    let text = try ask("x509", "-in", file, "-noout", "-text", "-fingerprint", "-sha256")
    for words in [
      "DNS:camera-3.example, IP Address:192.168.1.7, IP Address:0:0:0:0:0:0:0:1", "CA:FALSE",
      "TLS Web Server Authentication", "CN = camera-3.example", "Version: 3", "NIST CURVE: P-256", first.fingerprint,
    ] { #expect(text.contains(words), "\(words)") }
    #expect(try ask("verify", "-CAfile", file, file).contains("OK"))
    #expect(try ask("x509", "-in", file, "-noout", "-pubkey") == ask("pkey", "-in", key, "-pubout"))
    let rights = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
    #expect(rights == 0o600)
    let token = try #require(first.token)
    #expect(try TokenStore(state: folder.path).entries().map(\.hash) == [TokenStore.hash(token)])
    #expect(throws: (any Error).self) { try FirstStart(state: folder.path, names: ["a"]) }
  }
}
