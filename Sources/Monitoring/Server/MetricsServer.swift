import EdgepipeCore
import NIOCore
package import Logging
package import Pipeline

/// Serves a run's `/metrics` and `/healthz` over HTTP, on one thread of its own.
package final class MetricsServer: Sendable {
  /// Connections at once.
  static let connectionLimit = 32

  private let server: WebServer

  /// Begins to listen.
  ///
  /// - Parameters:
  ///   - version: edgepipe's.
  ///   - runner: may be started later.
  /// - Throws: ``PipelineError`` when the address cannot be listened on: it names the address and the remedy.
  package convenience init(_ address: ListenAddress, version: String, runner: PipelineRunner, logger: Logger) throws {
    let page = RecentValue<ByteBuffer> { latest in
      let page = MetricsPage(
        version: version, pipeline: runner.plan.name, snapshot: runner.snapshot(withFacts: true))
      // A little more than the one before, so that the text need not grow and move.
      return ByteBuffer(string: page.text(capacity: latest.map { $0.readableBytes + $0.readableBytes / 8 } ?? 32_768))
    }
    let health = RecentValue<RunHealth> { _ in RunHealth(runner.snapshot(), isStopping: runner.isStopping) }
    try self.init(address, logger: logger, page: page.get, health: health.get)
    logger.notice("metrics on \(url)")
  }

  /// - Parameters:
  ///   - page: the text of `/metrics`.
  ///   - health: the answer of `/healthz`.
  init(
    _ address: ListenAddress, logger: Logger, limits: ConnectionGuard.Limits = ConnectionGuard.Limits(),
    page: @escaping @Sendable () -> ByteBuffer, health: @escaping @Sendable () -> RunHealth
  ) throws {
    let place = try WebServer.Place(address, what: "metrics", option: "--metrics")
    if !place.isLoopback {
      logger.warning("any client that reaches \(address) can read the metrics: there is no password and no encryption")
    }
    server = try WebServer(
      place,
      MetricsResponder(
        hosts: HostRule(configured: address.host, isLoopback: place.isLoopback), page: page, health: health),
      limits: limits, connectionLimit: Self.connectionLimit, logger: logger)
  }

  /// Where it listens; the port is the real one where a free one was asked for.
  var address: ListenAddress { server.address }
  var connections: ConnectionTable { server.connections }
  var url: String { "http://\(address)/metrics" }

  /// Listens no more and ends what is being answered; takes at most some seconds. May be called again.
  package func stop() { server.stop() }
}
