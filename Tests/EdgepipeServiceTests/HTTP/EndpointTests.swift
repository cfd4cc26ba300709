import EdgepipeCore
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The endpoints of the HTTP interface")
struct EndpointTests {
  /// The real endpoints; none of them is called.
  private static let endpoints: [Endpoint] = {
    let state = FileManager.default.temporaryDirectory.appendingPathComponent("ep-\(UUID().uuidString.prefix(8))").path
    defer { try? FileManager.default.removeItem(atPath: state) }
    guard
      let supervisor = try? Supervisor(
        ServicePlan(pipelines: []), program: "/bin/false", state: state, logger: Logger(label: "test"))
    else { return [] }
    return ServiceContent(
      supervisor: supervisor, program: "/bin/false",
      pulls: ModelPulls(program: "/bin/false"),
      feeds: PictureFeeds(),
      refusals: RefusalCounts(), access: AccessControl(TokenStore(state: state), needsToken: false)
    ).endpoints
  }()

  private static let table = EndpointTable(endpoints: endpoints)

  private func request(_ path: String, headers: HTTPFields = [:]) -> Request {
    Request(
      head: HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: path, headerFields: headers),
      body: RequestBody(buffer: ByteBuffer()))
  }

  private func call(_ id: String, _ path: [String: String] = [:], query: String = "", body: String = "") throws -> Call
  {
    let endpoint = try #require(Self.endpoints.first { $0.id == id })
    return try EndpointTable.call(
      endpoint, path, request("/x" + query), body: Array(body.utf8),
      from: Client(address: "127.0.0.1", isEncrypted: false, basePath: ""))
  }

  private func refusal(_ body: () throws -> Void) -> Problem? {
    do {
      try body()
      return nil
    } catch { return error as? Problem }
  }

  @Test("given all endpoints, when listed, then ids and places are unique, and every path parameter is declared")
  func consistent() {
    let all = Self.endpoints
    #expect(all.count > 20)
    #expect(Set(all.map(\.id)).count == all.count)
    #expect(Set(all.map { "\($0.method) \($0.path)" }).count == all.count)
    for endpoint in all {
      let inPath = endpoint.segments.filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }.map(String.init)
      #expect(endpoint.parameters.filter { $0.place == .path }.map(\.name) == inPath, "\(endpoint.id)")
      #expect(endpoint.role != .anyone || ["health", "page", "session"].contains(endpoint.tag), "\(endpoint.id)")
      #expect(endpoint.method == .get || endpoint.role >= .operator || endpoint.tag == "session", "\(endpoint.id)")
    }
  }

  @Test("given a path, when found, then its parameters are decoded; another method is told what is allowed")
  func find() throws {
    let (endpoint, parameters) = try Self.table.find(.post, "/v1/pipelines/a%20b/start")
    #expect(endpoint.id == "startPipeline" && parameters == ["name": "a b"])
    let other = refusal { _ = try Self.table.find(.put, "/v1/pipelines") }
    #expect(other?.status == .methodNotAllowed && other?.headers[.allow] == "GET, POST, HEAD")
    for path in [
      "", "/v1", "/page", "/page/", "/page/a/b", "/v1/pipelines/", "/v1/pipelines/a/b/c", "/v1/pipelines/%zz", "//",
      "/v1/../v1/models",
    ] {
      #expect(refusal { _ = try Self.table.find(.get, path[...]) }?.status == .notFound, "\(path)")
    }
  }

  @Test("given parameters, when checked, then defaults are there and every mistake is told")
  func parameters() throws {
    let usual = try call("watchPictures", ["name": "a"])
    #expect(usual.integer("height") == 720 && usual.number("rate") == 5 && usual.flag("annotated"))
    #expect(usual.integer("max") == nil && usual.need("name") == "a")
    let given = try call(
      "watchPictures", ["name": "a"], query: "?height=360&rate=0.5&annotated=false&max=3&stream=a+b%2F")
    #expect(given.integer("height") == 360 && given.number("rate") == 0.5 && !given.flag("annotated"))
    #expect(given.integer("max") == 3 && given.text("stream") == "a b/")
    for (query, words) in [
      ("?height=9", "height: expected an integer in 16...4320, found 9"), ("?height=x", "height: expected an integer"),
      ("?rate=", "rate"), ("?annotated=1", "annotated: expected true or false"),
      ("?heigth=720", "unknown query parameter 'heigth'"), ("?max=1&max=2", "twice"), ("?max=%zz", "cannot be read"),
    ] {
      let problem = refusal { _ = try call("watchPictures", ["name": "a"], query: query) }
      #expect(
        problem?.status == .badRequest && problem?.detail.contains(words) == true, "\(query): \(problem?.detail ?? "")")
    }
  }

  @Test("given a body, when checked, then it must be what the endpoint takes")
  func body() throws {
    let good = try call("addStream", ["name": "a"], body: #"{"id":"b","url":"c.mp4"}"#)
    #expect(good.body?["url"]?.string == "c.mp4")
    for body in ["", "[]", "{", #"{"id":"b"}"#, #"{"id":"b","url":1}"#, #"{"id":"b","url":"c","x":1}"#] {
      #expect(refusal { _ = try call("addStream", ["name": "a"], body: body) }?.status == .badRequest, "\(body)")
    }
    #expect(refusal { _ = try call("listPipelines", body: "{}") }?.status == .badRequest)
  }

  @Test("given all endpoints, when described, then the document names each with its refusals")
  func document() throws {
    let text = try OpenAPIDocument.value(Self.endpoints).json()
    let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(document["openapi"] as? String == "3.1.0")
    let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
    for endpoint in Self.endpoints {
      let operation = try #require(paths[endpoint.path]?[endpoint.method.rawValue.lowercased()], "\(endpoint.id)")
      #expect(operation["operationId"] as? String == endpoint.id)
      let responses = try #require(operation["responses"] as? [String: Any])
      #expect(responses["\(endpoint.answer.status.code)"] != nil && responses["400"] != nil)
      #expect((responses["401"] != nil) == (endpoint.role != .anyone || endpoint.id == "signIn"), "\(endpoint.id)")
    }
  }
}
