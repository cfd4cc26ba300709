import Hummingbird

/// Answers `/metrics` and `/healthz`, and nothing else.
struct MetricsResponder: HTTPResponder {
  typealias Context = BasicRequestContext

  let hosts: HostRule
  let page: @Sendable () -> ByteBuffer
  let health: @Sendable () -> RunHealth

  func respond(to request: Request, context: Context) async throws -> Response {
    var response = answer(request)
    response.headers[.cacheControl] = "no-store"
    return request.method == .head ? response.createHeadResponse() : response
  }

  private func answer(_ request: Request) -> Response {
    // The first `Host` is the authority; a second one is no mistake that a client makes.
    guard !request.headers.contains(where: { $0.name.canonicalName == "host" }),
      hosts.allows(authority: request.head.authority)
    else {
      return refusal(
        .forbidden, "unknown host name: use the server's address, or start it with --metrics HOST:PORT")
    }
    for origin in request.headers[values: .origin] where !hosts.allows(origin: origin) {
      return refusal(.forbidden, "requests from other origins are not allowed")
    }
    let path = (request.head.path ?? "").prefix { $0 != "?" }
    guard path == "/metrics" || path == "/healthz" else {
      return refusal(.notFound, "the paths are /metrics and /healthz")
    }
    guard request.method == .get || request.method == .head else {
      return refusal(.methodNotAllowed, "the methods are GET and HEAD", [.allow: "GET, HEAD"])
    }
    if path == "/metrics" {
      return Response(
        status: .ok, headers: [.contentType: PrometheusText.contentType], body: ResponseBody(byteBuffer: page()))
    }
    let health = health()
    return plain(health.isHealthy ? .ok : .serviceUnavailable, health.message)
  }

  private func refusal(_ status: HTTPResponse.Status, _ text: String, _ headers: HTTPFields = [:]) -> Response {
    plain(status, "\(status.code) \(status.reasonPhrase): \(text)", headers)
  }

  private func plain(_ status: HTTPResponse.Status, _ text: String, _ headers: HTTPFields = [:]) -> Response {
    var headers = headers
    headers[.contentType] = "text/plain; charset=utf-8"
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
