import EdgepipeCore
import Logging

#if WebServer
  import Monitoring

  /// The HTTP interface, unless it is off.
  struct ServiceInterface {
    private let server: ServiceServer?

    /// - Throws: ``PipelineError`` when it cannot be listened on.
    init(_ settings: InterfaceSettings, _ supervisor: Supervisor, program: String, logger: Logger) throws {
      server =
        settings.listen == "off"
        ? nil : try ServiceServer(settings, supervisor, program: program, logger: logger)
    }

    func stop() { server?.stop() }
  }
#else
  /// Stands for the HTTP interface in a build that leaves out the web server.
  struct ServiceInterface {
    init(_ settings: InterfaceSettings, _ supervisor: Supervisor, program: String, logger: Logger) throws {
      if settings.listen != "off" { logger.notice("this build has no HTTP interface (trait WebServer)") }
    }

    func stop() {}
  }
#endif
