import EdgepipeCore
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOSSL

/// How a server is reached over gRPC.
enum GRPCConnection {
  typealias Transport = HTTP2ClientTransport.Posix
  typealias Client = GRPCClient<Transport>

  /// - Throws: ``PipelineError`` where a certificate or key cannot be read.
  static func client(_ settings: ServerSettings) throws -> Client {
    var configuration = HTTP2ClientTransport.Posix.Config.defaults
    configuration.http2.authority = settings.serverName
    // A picture fits into few frames in place of dozens.
    configuration.http2.maxFrameSize = 1 << 20
    // Nothing is gained by waiting for more to send: one request at a time is what a detector has.
    configuration.connection.flushCoalescing = nil
    // When to try again is for the caller to say: a short wait only keeps calls from connecting in a loop.
    configuration.backoff = .init(initial: .milliseconds(100), max: .seconds(2), multiplier: 1.6, jitter: 0.2)
    if settings.isCompressed {
      configuration.compression.algorithm = .gzip
      configuration.compression.enabledAlgorithms = .gzip
    }
    let transport = try HTTP2ClientTransport.Posix(
      target: target(settings), transportSecurity: try security(settings), config: configuration,
      eventLoopGroup: RemoteLoop.group)
    return GRPCClient(transport: transport)
  }

  private static func target(_ settings: ServerSettings) -> any ResolvableTarget {
    if settings.host.contains(":") { return .ipv6(address: settings.host, port: settings.port) }
    let isAddress =
      settings.host.split(separator: ".").count == 4 && settings.host.allSatisfy { $0 == "." || $0.isNumber }
    return isAddress
      ? .ipv4(address: settings.host, port: settings.port) : .dns(host: settings.host, port: settings.port)
  }

  /// Chain and name are always checked. The transport's floor is TLS 1.2, which cannot be raised here: peers that want 1.3
  /// alone have to ask for it.
  private static func security(
    _ settings: ServerSettings
  ) throws -> HTTP2ClientTransport.Posix.TransportSecurity {
    guard settings.isTLS else { return .plaintext }
    // Read here as well, so that what is wrong with a file is told when the client is made.
    _ = try PEMFiles(settings)
    var tls = HTTP2ClientTransport.Posix.TransportSecurity.TLS.defaults
    if let certificate = settings.certificate, let key = settings.key {
      tls.certificateChain = [.file(path: certificate, format: .pem)]
      tls.privateKey = .file(path: key, format: .pem)
    }
    if let ca = settings.ca { tls.trustRoots = .certificates([.file(path: ca, format: .pem)]) }
    return .tls(tls)
  }
}
