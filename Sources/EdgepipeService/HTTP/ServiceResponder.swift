#if WebServer
  import EdgepipeCore
  import Foundation
  import Hummingbird
  import Monitoring
  import NIOCore
  import Synchronization

  /// What is known of a request beside its text.
  struct ServiceContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Of what is at the other end of the connection.
    let address: String

    init(source: ApplicationRequestContextSource) {
      coreContext = .init(source: source)
      address = source.channel.remoteAddress?.ipAddress ?? ""
    }
  }

  /// Who sends a request.
  struct Client: Sendable {
    let address: String
    let isEncrypted: Bool
    let basePath: String
  }

  /// Answers every request: who may ask at all, then the endpoint, then its work.
  struct ServiceResponder: HTTPResponder {
    typealias Context = ServiceContext

    static let largestBody = 1 << 20

    let hosts: [HostRule]
    let settings: InterfaceSettings
    let isEncrypted: Bool
    let access: AccessControl
    let table: EndpointTable
    let refusals: RefusalCounts

    func respond(to request: Request, context: ServiceContext) async throws -> Response {
      var response: Response
      do { response = try await answer(request, context) } catch {
        let problem = Problem(error)
        refusals.count(problem.status.code)
        response = problem.response
      }
      if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
      response.headers[.xContentTypeOptions] = "nosniff"
      return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: ServiceContext) async throws -> Response {
      let client = client(request, context)
      try access.count(from: client.address)
      try checkOrigin(request)
      // The page's own addresses are relative to this.
      if request.method == .get, !settings.basePath.isEmpty, request.head.path == settings.basePath {
        return Response(status: .permanentRedirect, headers: [.location: settings.basePath + "/"])
      }
      let (endpoint, parameters) = try table.find(
        request.method == .head ? .get : request.method, try path(request))
      try access.check(request, for: endpoint.role, from: client.address)
      if endpoint.body != nil {
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased() ?? ""
        guard type == "application/json" else {
          throw Problem(.unsupportedMediaType, "the body must be JSON", remedy: "send Content-Type: application/json")
        }
      }
      // The connection's limit has ended one that is longer.
      let body = try await request.body.collect(upTo: Self.largestBody)
      return try await endpoint.work(
        EndpointTable.call(endpoint, parameters, request, body: Array(body.readableBytesView), from: client))
    }

    /// A proxy that is trusted says for whom it asks, and how that one has asked it.
    private func client(_ request: Request, _ context: ServiceContext) -> Client {
      var address = context.address, isEncrypted = isEncrypted
      if settings.proxies.contains(address) {
        // Only the last entry is the proxy's own, and it may stand in a field of its own.
        let forwarded = request.headers.last { $0.name.canonicalName == "x-forwarded-for" }?.value
        if let last = forwarded?.split(separator: ",").last { address = last.trimmingCharacters(in: .whitespaces) }
        isEncrypted = request.headers.last { $0.name.canonicalName == "x-forwarded-proto" }?.value == "https"
      }
      return Client(address: address, isEncrypted: isEncrypted, basePath: settings.basePath)
    }

    /// Without the base path and the query.
    private func path(_ request: Request) throws(Problem) -> Substring {
      let path = (request.head.path ?? "").prefix { $0 != "?" }
      if settings.basePath.isEmpty { return path }
      guard path.hasPrefix(settings.basePath + "/") else {
        throw Problem(.notFound, "there is nothing at this path", remedy: "paths begin with \(settings.basePath)/")
      }
      return path.dropFirst(settings.basePath.count)
    }

    /// - Throws: ``Problem`` 403 for a name that is not this server's, and for pages of other sites.
    private func checkOrigin(_ request: Request) throws(Problem) {
      // The first `Host` is the authority; a second one is no mistake that a client makes.
      guard !request.headers.contains(where: { $0.name.canonicalName == "host" }),
        hosts.contains(where: { $0.allows(authority: request.head.authority) })
      else {
        throw Problem(
          .forbidden, "unknown host name", remedy: "use the server's address, or name the host in http.hosts")
      }
      for origin in request.headers[values: .origin] where !hosts.contains(where: { $0.allows(origin: origin) }) {
        throw Problem(.forbidden, "requests from other origins are not allowed")
      }
    }
  }

  /// How many requests have been refused, by status.
  final class RefusalCounts: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    func count(_ status: Int) { counts.withLock { $0[status, default: 0] += 1 } }
    var all: [Int: Int] { counts.withLock { $0 } }
  }
#endif
