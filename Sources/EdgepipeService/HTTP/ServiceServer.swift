#if WebServer
  import EdgepipeCore
  import Foundation
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
    /// - Throws: ``PipelineError`` when the address cannot be listened on, or may not be: beyond this machine only with
    ///   TLS and tokens.
    init(_ settings: InterfaceSettings, _ supervisor: Supervisor, program: String, logger: Logger) throws {
      let address = try ListenAddress(settings.listen)
      let place = try WebServer.Place(address, what: "the HTTP interface", option: "--listen")
      // A proxy makes this machine's address one that others reach.
      let isReached = !place.isLoopback || !settings.hosts.isEmpty || !settings.proxies.isEmpty
      let access = AccessControl(TokenStore(state: supervisor.state), needsToken: isReached)
      let identity = Self.identity(settings, isLoopback: place.isLoopback, state: supervisor.state)
      if isReached {
        let isClosed: Bool
        do { isClosed = try access.isClosed() } catch {
          throw PipelineError(error.detail, remedy: "check who may read it", code: .unavailable)
        }
        guard isClosed else {
          throw PipelineError(
            "the HTTP interface on \(address) would be open to everybody: there is no token",
            remedy: "'edgepipe serve --init' or 'edgepipe token add' makes one", code: .unavailable)
        }
      }
      if !place.isLoopback, identity == nil {
        throw PipelineError(
          "the HTTP interface on \(address) would not be encrypted",
          remedy:
            "'edgepipe serve --init' makes a certificate; or give http.certificate and http.key in the service file",
          code: .unavailable)
      }
      let refusals = RefusalCounts()
      content = ServiceContent(
        supervisor: supervisor, program: program, pulls: ModelPulls(program: program),
        feeds: PictureFeeds(), refusals: refusals, access: access,
        showsOnlyAnonymized: settings.showsOnlyAnonymized)
      var limits = ConnectionLimits()
      limits.bodyBytes = ServiceResponder.largestBody
      // Opening a model may take a while.
      limits.answer = .seconds(120)
      limits.unsentBytes = 1 << 16
      let own = HostRule(configured: address.host, isLoopback: place.isLoopback)
      server = try WebServer(
        place,
        ServiceResponder(
          hosts: [own] + settings.hosts.map { HostRule(configured: $0, isLoopback: true) }, settings: settings,
          isEncrypted: identity != nil, access: access, table: EndpointTable(endpoints: content.endpoints),
          refusals: refusals),
        limits: limits, connectionLimit: Self.connectionLimit, tls: identity, logger: logger,
        onRefusal: { refusals.count($0) })
      let scheme = identity == nil ? "http" : "https"
      logger.notice("HTTP interface on \(scheme)://\(server.address)\(settings.basePath)/v1/pipelines")
    }

    /// On the loopback address there is no TLS unless the settings name a certificate.
    private static func identity(
      _ settings: InterfaceSettings, isLoopback: Bool, state: String
    ) -> WebServer.Identity? {
      if let certificate = settings.certificate, let key = settings.key {
        return WebServer.Identity(certificate: certificate, key: key)
      }
      let certificate = FirstStart.certificate(state)
      guard !isLoopback, FileManager.default.fileExists(atPath: certificate) else { return nil }
      return WebServer.Identity(certificate: certificate, key: FirstStart.key(state))
    }

    func stop() {
      server.stop()
      content.stop()
    }
  }
#endif
