import Dispatch
import EdgepipeCore
import Glibc
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
package import Pipeline
import Synchronization

/// Serves a run's `/metrics` and `/healthz` over HTTP, on one thread of its own.
package final class MetricsServer: Sendable {
  /// Connections at once.
  static let connectionLimit = 32
  /// Connections that wait to be accepted. In a burst of hundreds a scrape must find room, or its client's system tries
  /// again only after seconds.
  private static let backlog = 1024
  /// How long connections may take to end after a stop, and how long the server after that.
  private static let stopLimits = (answers: DispatchTimeInterval.seconds(2), server: DispatchTimeInterval.seconds(3))

  /// Where it listens; the port is the real one where a free one was asked for.
  let address: ListenAddress
  let connections: ConnectionTable
  private let group: MultiThreadedEventLoopGroup
  private let listener: any Channel
  private let task: Task<Void, Never>
  private let ending: DispatchGroup

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
    let socket = try Self.resolve(address)
    if !socket.isLoopback {
      logger.warning("any client that reaches \(address) can read the metrics: there is no password and no encryption")
    }
    let table = ConnectionTable(limit: Self.connectionLimit)
    // What is wrong with one connection is no news of the run.
    var quiet = logger
    quiet.logLevel = max(.error, logger.logLevel)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let start = ServerStart()
    let app = Application(
      responder: MetricsResponder(
        hosts: HostRule(configured: address.host, isLoopback: socket.isLoopback), page: page, health: health),
      server: .http1(
        configuration: HTTP1Channel.Configuration(
          additionalChannelHandlers: [ConnectionGuard(limits: limits, table: table)],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100))),
      configuration: ApplicationConfiguration(
        address: .hostname(socket.ipAddress ?? address.host, port: address.port), backlog: Self.backlog),
      onServerRunning: { start.succeed($0) }, eventLoopGroupProvider: .shared(group),
      logger: quiet)
    let ending = DispatchGroup()
    ending.enter()
    let executor = EventLoopExecutor(group.next())
    let task = Task(executorPreference: executor) {
      do { try await app.run() } catch { start.fail(error) }
      // Its tasks do not keep it.
      withExtendedLifetime(executor) { ending.leave() }
    }
    do { listener = try start.wait() } catch {
      ending.wait()
      try? group.syncShutdownGracefully()
      throw Self.refusal(address, error)
    }
    self.address = address.with(port: listener.localAddress?.port)
    (self.group, self.task, self.ending, connections) = (group, task, ending, table)
  }

  var url: String { "http://\(address)/metrics" }

  /// Listens no more and ends what is being answered; takes at most some seconds. May be called again.
  package func stop() {
    // Not through tasks: one that is not on our event loop would wait for a thread that others may hold.
    listener.close(promise: nil)
    connections.quiesce()
    if ending.wait(timeout: .now() + Self.stopLimits.answers) != .success {
      task.cancel()
      // A thread that hangs must not keep the command.
      guard ending.wait(timeout: .now() + Self.stopLimits.server) == .success else { return }
    }
    try? group.syncShutdownGracefully()
  }

  private static func resolve(_ address: ListenAddress) throws(PipelineError) -> SocketAddress {
    do { return try SocketAddress.makeAddressResolvingHost(address.host, port: address.port) } catch {
      throw PipelineError(
        "cannot serve metrics on \(address): unknown host", remedy: "give an address of this machine",
        code: .unavailable)
    }
  }

  private static func refusal(_ address: ListenAddress, _ error: any Error) -> PipelineError {
    let reason: String, remedy: String?
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      reason = "port \(address.port) is in use"
      remedy = "end the program that uses it, or choose another port; --metrics 0 selects a free one"
    case EACCES, EPERM: (reason, remedy) = ("this user may not use that port", "choose a port from 1024 to 65535")
    case EADDRNOTAVAIL: (reason, remedy) = ("this machine does not have that address", "give one of its addresses")
    default: (reason, remedy) = ("\(error)", nil)
    }
    return PipelineError("cannot serve metrics on \(address): \(reason)", remedy: remedy, code: .unavailable)
  }
}

/// How the start of a server went, for the thread that waits for it.
private final class ServerStart: Sendable {
  private let result = Mutex<Result<any Channel, any Error>?>(nil)
  private let isKnown = DispatchSemaphore(value: 0)

  func succeed(_ listener: any Channel) { finish(.success(listener)) }
  func fail(_ error: any Error) { finish(.failure(error)) }

  /// - Returns: what listens.
  func wait() throws -> any Channel {
    isKnown.wait()
    guard let result = result.withLock({ $0 }) else { throw ChannelError.ioOnClosedChannel }
    return try result.get()
  }

  /// The first one counts: a server that has started may fail later.
  private func finish(_ new: Result<any Channel, any Error>) {
    result.withLock { $0 = $0 ?? new }
    isKnown.signal()
  }
}
