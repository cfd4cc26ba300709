import EdgepipeCore
import Logging

#if WebServer
  import Monitoring

  /// The HTTP interface, unless it is off.
  struct ServiceInterface {
    private let server: ServiceServer?

    /// - Parameter listen: a port, an address, or `off`.
    /// - Throws: ``PipelineError`` when it cannot be listened on.
    init(_ listen: String, _ supervisor: Supervisor, program: String, logger: Logger) throws {
      server =
        listen == "off"
        ? nil : try ServiceServer(ListenAddress(listen), supervisor, program: program, logger: logger)
    }

    func stop() { server?.stop() }
  }
#else
  /// Stands for the HTTP interface in a build that leaves out the web server.
  struct ServiceInterface {
    init(_ listen: String, _ supervisor: Supervisor, program: String, logger: Logger) throws {
      if listen != "off" { logger.notice("this build has no HTTP interface (trait WebServer)") }
    }

    func stop() {}
  }
#endif
