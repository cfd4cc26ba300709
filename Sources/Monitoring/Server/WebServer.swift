import Dispatch
package import EdgepipeCore
import Glibc
package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on one thread of its own, with limits on what clients may cost.
package final class WebServer: Sendable {
  /// An address that has been resolved.
  package struct Place: Sendable {
    let address: ListenAddress
    /// What is served, for errors: `metrics`.
    let what: String
    /// The option that names the address.
    let option: String
    private let socket: SocketAddress

    /// Only this machine reaches it.
    package var isLoopback: Bool { socket.isLoopback }
    var host: String { socket.ipAddress ?? address.host }

    /// - Throws: `unavailable` for a host that cannot be resolved.
    package init(_ address: ListenAddress, what: String, option: String) throws(PipelineError) {
      (self.address, self.what, self.option) = (address, what, option)
      do { socket = try SocketAddress.makeAddressResolvingHost(address.host, port: address.port) } catch {
        throw PipelineError(
          "cannot serve \(what) on \(address): unknown host", remedy: "give an address of this machine",
          code: .unavailable)
      }
    }

    fileprivate func refusal(_ error: any Error) -> PipelineError {
      let reason: String, remedy: String?
      switch (error as? IOError)?.errnoCode {
      case EADDRINUSE:
        reason = "port \(address.port) is in use"
        remedy = "end the program that uses it, or choose another port; \(option) 0 selects a free one"
      case EACCES, EPERM: (reason, remedy) = ("this user may not use that port", "choose a port from 1024 to 65535")
      case EADDRNOTAVAIL: (reason, remedy) = ("this machine does not have that address", "give one of its addresses")
      default: (reason, remedy) = ("\(error)", nil)
      }
      return PipelineError("cannot serve \(what) on \(address): \(reason)", remedy: remedy, code: .unavailable)
    }
  }

  /// What a server proves itself with: PEM files.
  package struct Identity: Sendable {
    let certificate: String
    let key: String

    package init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }

    /// - Throws: ``PipelineError`` for files that cannot be read.
    fileprivate func configuration() throws -> TLSConfiguration {
      do {
        var configuration = TLSConfiguration.makeServerConfiguration(
          certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
          privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv13
        return configuration
      } catch {
        throw PipelineError(
          "cannot use the certificate '\(certificate)' with the key '\(key)': \(error)",
          remedy: "give PEM files that this user can read", code: .notFound)
      }
    }
  }

  /// Connections that wait to be accepted. In a burst of hundreds a client must find room, or its system tries again only
  /// after seconds.
  private static let backlog = 1024
  /// How long connections may take to end after a stop, and how long the server after that.
  private static let stopLimits = (answers: DispatchTimeInterval.seconds(2), server: DispatchTimeInterval.seconds(3))

  /// Where it listens; the port is the real one where a free one was asked for.
  package let address: ListenAddress
  let connections: ConnectionTable
  private let group: MultiThreadedEventLoopGroup
  private let listener: any Channel
  private let task: Task<Void, Never>
  private let ending: DispatchGroup

  /// Begins to listen.
  ///
  /// - Parameter onRefusal: told of each request that is refused before the responder sees it whole.
  /// - Throws: ``PipelineError`` when the address cannot be listened on: it names the address and the remedy.
  package init<Responder: HTTPResponder>(
    _ place: Place, _ responder: Responder, limits: ConnectionLimits, connectionLimit: Int,
    tls: Identity? = nil, logger: Logger, onRefusal: @escaping @Sendable (_ status: Int) -> Void = { _ in }
  ) throws where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    let table = ConnectionTable(limit: connectionLimit)
    // What is wrong with one connection is no news of the run.
    var quiet = logger
    quiet.logLevel = max(.error, logger.logLevel)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let start = ServerStart()
    var channel = HTTPServerBuilder.http1(
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionGuard(limits: limits, table: table, onRefusal: onRefusal)],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 8192, maxHeaderListSize: 16_384, maxHeaderFieldCount: 100)))
    if let tls { channel = try .tls(channel, tlsConfiguration: tls.configuration()) }
    let app = Application(
      responder: responder, server: channel,
      configuration: ApplicationConfiguration(
        address: .hostname(place.host, port: place.address.port), backlog: Self.backlog),
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
      throw place.refusal(error)
    }
    address = place.address.with(port: listener.localAddress?.port)
    (self.group, self.task, self.ending, connections) = (group, task, ending, table)
  }

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
