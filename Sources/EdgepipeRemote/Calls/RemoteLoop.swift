import NIOPosix

/// The one thread on which all connections to servers are served. It lives as long as the process.
enum RemoteLoop {
  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
