import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeRemote

/// Who is at the other end is checked, in both ways.
@Suite(
  .serialized,
  .enabled(
    if: TritonServer.isAvailable && Certificates.isAvailable, "needs .deps/servers (scripts/setup --tests) and openssl")
)
struct SafeConnectionTests {
  private let files: FilesFixture
  private let ours: Certificates
  private let others: Certificates
  private let client: Certificates.Pair
  private let named: Certificates.Pair

  init() throws {
    files = try FilesFixture()
    ours = try Certificates(in: files.folder)
    others = try Certificates(in: files.folder, name: "others")
    client = try ours.signed("client")
    named = try ours.signed("server", names: ["DNS:edge.test"])
  }

  private static let model = ServedModel(
    "m", file: nil, input: .init("x", "FP32", [-1, 3]), outputs: [.init("y", "FP32", [1])])

  private func settings(_ way: ServerSettings.Way, _ port: Int) -> ServerSettings {
    var settings = Requests.settings(way, port: port, model: "m")
    settings.isTLS = true
    settings.ca = ours.authority.certificate
    settings.certificate = client.certificate
    settings.key = client.key
    settings.serverName = "edge.test"
    return settings
  }

  private func infer(_ settings: ServerSettings) throws {
    let client = try Requests.client(settings)
    defer { client.close() }
    let answer = try client.infer(InferRequest(id: "1", input: Requests.small), until: Requests.soon(20), nil)
    #expect(answer.outputs.map(\.values) == [[0.5]])
  }

  private func expectUnsafe(_ what: String, _ settings: ServerSettings) {
    let failure = Requests.failure { try infer(settings) }
    #expect(failure?.kind == .unsafe && failure?.mayHaveRun == false, "\(what): \(String(describing: failure))")
  }

  @Test("given gRPC with certificates on both sides, when they fit, then it answers, and when not, it is unsafe")
  func grpc() throws {
    let server = try TritonServer([Self.model], tls: (named, ours.authority))
    try infer(settings(.grpc, server.grpcPort))
    var wrong = settings(.grpc, server.grpcPort)
    wrong.ca = others.authority.certificate
    expectUnsafe("another authority", wrong)
    wrong = settings(.grpc, server.grpcPort)
    wrong.serverName = "other.test"
    expectUnsafe("another name", wrong)
    wrong = settings(.grpc, server.grpcPort)
    (wrong.certificate, wrong.key) = (nil, nil)
    let failure = try #require(Requests.failure { try infer(wrong) }, "no certificate of the client's")
    #expect([.unsafe, .unreachable].contains(failure.kind), "\(failure)")
  }

  @Test("given HTTP with TLS 1.3, when the server is ours, then it answers, and when not, it is unsafe")
  func http() throws {
    let server = try TritonServer([Self.model])
    let safe = try TLSProxy(before: server.httpPort, named, authority: ours.authority)
    try infer(settings(.http, safe.port))
    var wrong = settings(.http, safe.port)
    wrong.ca = others.authority.certificate
    expectUnsafe("another authority", wrong)
    wrong = settings(.http, safe.port)
    wrong.serverName = "other.test"
    expectUnsafe("another name", wrong)
    wrong = settings(.http, safe.port)
    wrong.ca = nil
    expectUnsafe("an authority that the system does not know", wrong)
    let old = try TLSProxy(before: server.httpPort, named, isOld: true)
    expectUnsafe("TLS 1.2", settings(.http, old.port))
    let expired = try TLSProxy(before: server.httpPort, try ours.expired("past", names: ["DNS:edge.test"]))
    expectUnsafe("an expired certificate", settings(.http, expired.port))
    let late = try TritonServer(
      [Self.model], tls: (try ours.expired("past2", names: ["DNS:edge.test"]), ours.authority))
    expectUnsafe("an expired certificate with gRPC", settings(.grpc, late.grpcPort))
  }

  @Test("given files that are not there, when a client is made, then they are named", arguments: ["http", "grpc"])
  func missing(_ way: String) throws {
    var wrong = settings(try #require(ServerSettings.Way(rawValue: way)), 1)
    wrong.ca = files.path("nothing.pem")
    #expect { _ = try Requests.client(wrong) } throws: { "\($0)".contains("nothing.pem") }
    wrong = settings(try #require(ServerSettings.Way(rawValue: way)), 1)
    wrong.key = nil
    #expect { _ = try Requests.client(wrong) } throws: { "\($0)".contains("needs its key") }
  }
}
