import Hummingbird
import Pipeline
import Synchronization

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
    guard !request.headers.contains(where: { $0.name.canonicalName == "host" }), hosts.allows(authority: request.head.authority) else {
      return refusal(.forbidden, "this server is not known by that host: use its address, or start it with --metrics HOST:PORT")
    }
    for origin in request.headers[values: .origin] where !hosts.allows(origin: origin) {
      return refusal(.forbidden, "pages of other origins get nothing")
    }
    let path = (request.head.path ?? "").prefix { $0 != "?" }
    guard path == "/metrics" || path == "/healthz" else { return refusal(.notFound, "there are /metrics and /healthz") }
    guard request.method == .get || request.method == .head else {
      return refusal(.methodNotAllowed, "there are GET and HEAD", [.allow: "GET, HEAD"])
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

/// Keeps the page for a moment, so that whoever asks without end costs the run four pages a second and no more.
final class PageCache: Sendable {
  static let lifetimeMs = 250.0

  private let clock: any PipelineClock
  private let make: @Sendable (_ capacity: Int) -> String
  private let latest = Mutex<(bytes: ByteBuffer, made: MonotonicTime)?>(nil)

  /// - Parameter make: the page; `capacity` is a little more than the latest one had, in bytes.
  init(clock: any PipelineClock = SystemClock(), make: @escaping @Sendable (_ capacity: Int) -> String) {
    self.clock = clock
    self.make = make
  }

  func page() -> ByteBuffer {
    latest.withLock { latest in
      let now = clock.now()
      if let latest, now < latest.made.advanced(byMilliseconds: Self.lifetimeMs) { return latest.bytes }
      let capacity = latest.map { $0.bytes.readableBytes + $0.bytes.readableBytes / 8 } ?? 32_768
      let bytes = ByteBuffer(string: make(capacity))
      latest = (bytes, now)
      return bytes
    }
  }
}
