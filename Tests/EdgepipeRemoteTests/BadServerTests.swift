import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import EdgepipeRemote

/// A server that answers wrongly costs one call, never more than its limit.
@Suite(.enabled(if: BadServer.isAvailable, "needs /usr/bin/python3"))
struct BadServerTests {
  private let server: BadServer

  init() throws { server = try BadServer() }

  private func infer(_ model: String, seconds: Double = 30, isCompressed: Bool = false) throws -> InferAnswer {
    var settings = Requests.settings(.http, port: server.port, model: model)
    settings.isCompressed = isCompressed
    settings.maxAnswerBytes = 1 << 20
    let client = try Requests.client(settings)
    defer { client.close() }
    return try client.infer(InferRequest(id: "7", input: Requests.small), until: Requests.soon(seconds), nil)
  }

  @Test("given a right answer, when it comes, then it is taken")
  func right() throws {
    let answer = try infer("good")
    #expect(answer.outputs.map(\.values) == [[1, 2, 3, 4]])
    #expect(answer.outputs.map(\.shape) == [[1, 4]])
  }

  @Test("given NaN and infinity, when they come, then they are left as they are")
  func notANumber() throws {
    let values = try #require(try infer("nan").outputs.first).values
    #expect(values[1].isNaN && values[2] == .infinity && values[3] == 4)
  }

  @Test(
    "given an answer that is not what was asked for, when it comes, then it is malformed",
    arguments: [
      "wrong-shape", "huge-shape", "negative-shape", "few-bytes", "more-bytes", "wrong-id", "wrong-model", "bad-count",
      "far-count", "redirect", "torn", "garbage", "header-bomb", "long-answer", "endless", "deep",
    ])
  func malformed(_ model: String) throws {
    let failure = try #require(Requests.failure { _ = try infer(model) })
    #expect(failure.kind == .malformed, "\(failure)")
    #expect(failure.message.count < 500)
  }

  @Test("given an answer that unpacks to more than is read, when it comes, then it is malformed")
  func bomb() throws {
    let failure = try #require(Requests.failure { _ = try infer("zip-bomb", isCompressed: true) })
    #expect(failure.kind == .malformed, "\(failure)")
  }

  @Test(
    "given an error, when it comes, then its kind says what follows",
    arguments: [
      ("long-error", RemoteFailure.Kind.failed, nil), ("busy", .busy, 7), ("hurry", .busy, nil),
      ("refused", .refused, nil),
      ("closes", .unreachable, nil),
    ] as [(String, RemoteFailure.Kind, Double?)])
  func errors(_ model: String, _ kind: RemoteFailure.Kind, _ wait: Double?) throws {
    let failure = try #require(Requests.failure { _ = try infer(model) })
    #expect(failure.kind == kind, "\(failure)")
    #expect(failure.retryAfterS == wait)
    // 200 characters, some of which are written as codes.
    #expect(failure.message.count < 400)
    #expect(!failure.message.unicodeScalars.contains { $0.value < 0x20 })
  }

  @Test("given half an answer or none, when the limit comes, then the call is late", arguments: ["half", "silent"])
  func late(_ model: String) throws {
    let failure = try #require(Requests.failure { _ = try infer(model, seconds: 1) })
    #expect(failure.kind == .late, "\(failure)")
    #expect(failure.mayHaveRun)
  }

  @Test(
    "given a waiting call, when it is cancelled or the client closed, then it fails as cancelled",
    arguments: [true, false])
  func cancelled(_ isClosed: Bool) throws {
    let client = try Requests.client(Requests.settings(.http, port: server.port, model: "silent"))
    let cancellation = CallCancellation()
    let ender = try WorkerThread(name: "ender") {
      // Whether the call has begun by then or not, it ends in the same way.
      if isClosed { client.close() } else { cancellation.cancel() }
    }
    let failure = Requests.failure {
      _ = try client.infer(InferRequest(id: "7", input: Requests.small), until: Requests.soon(), cancellation)
    }
    #expect(failure?.kind == .cancelled, "\(String(describing: failure))")
    ender.join()
    client.close()
  }

  @Test(
    "given nobody at the port, when it is called, then it is unreachable and has not run", arguments: ["http", "grpc"])
  func nobody(_ way: String) throws {
    let way = try #require(ServerSettings.Way(rawValue: way))
    let client = try Requests.client(Requests.settings(way, port: 1, model: "any"))
    defer { client.close() }
    let failure = try #require(Requests.failure { try client.probe(until: Requests.soon()) })
    #expect(failure.kind == .unreachable, "\(failure)")
    #expect(!failure.mayHaveRun)
  }

  @Test("given no time left, when it is called, then it is late and has not run", arguments: ["http", "grpc"])
  func noTime(_ way: String) throws {
    let way = try #require(ServerSettings.Way(rawValue: way))
    let client = try Requests.client(Requests.settings(way, port: server.port, model: "good"))
    defer { client.close() }
    let failure = try #require(Requests.failure { try client.probe(until: Requests.soon(-1)) })
    #expect(failure.kind == .late && !failure.mayHaveRun, "\(failure)")
  }

  @Test("given a server without HTTP/2, when gRPC calls it, then the call fails within its limit")
  func noGRPC() throws {
    let client = try Requests.client(Requests.settings(.grpc, port: server.port, model: "good"))
    defer { client.close() }
    let failure = try #require(Requests.failure { try client.probe(until: Requests.soon(5)) })
    #expect([.unreachable, .late, .failed].contains(failure.kind), "\(failure)")
  }
}
