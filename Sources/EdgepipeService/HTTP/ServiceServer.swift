#if WebServer
  import EdgepipeCore
  import Logging
  import Monitoring
  import NIOCore

  /// The HTTP interface of a supervisor.
  final class ServiceServer: Sendable {
    /// Connections at once: watchers of pictures keep theirs.
    private static let connectionLimit = 128

    private let server: WebServer
    private let content: ServiceContent

    /// Begins to listen.
    ///
    /// - Throws: ``PipelineError`` when the address cannot be listened on, or may not be without tokens.
    init(_ address: ListenAddress, _ supervisor: Supervisor, program: String, logger: Logger) throws {
      let place = try WebServer.Place(address, what: "the HTTP interface", option: "--listen")
      guard place.isLoopback else {
        throw PipelineError(
          "cannot serve the HTTP interface on \(address): it is not encrypted",
          remedy: "listen on 127.0.0.1, and let a reverse proxy with TLS on this machine serve it to others",
          code: .unavailable)
      }
      let refusals = RefusalCounts()
      content = ServiceContent(
        supervisor: supervisor, program: program, blocking: Blocking(), feeds: PictureFeeds(), refusals: refusals)
      var limits = ConnectionLimits()
      limits.bodyBytes = ServiceResponder.largestBody
      // Opening a model, and pulling one, may take a while.
      limits.answer = .seconds(120)
      server = try WebServer(
        place,
        ServiceResponder(
          hosts: HostRule(configured: address.host, isLoopback: place.isLoopback),
          access: AccessControl(TokenStore(state: supervisor.state)), table: EndpointTable(endpoints: content.endpoints),
          refusals: refusals),
        limits: limits, connectionLimit: Self.connectionLimit, logger: logger)
      logger.notice("HTTP interface on http://\(server.address)/v1/pipelines")
    }

    func stop() {
      server.stop()
      content.blocking.stop()
    }
  }
#endif
