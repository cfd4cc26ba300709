#if WebServer
  import NIOPosix

  /// Does what waits, such as asking a run, away from the server's thread.
  struct Blocking: Sendable {
    private let pool: NIOThreadPool

    init(threads: Int) {
      pool = NIOThreadPool(numberOfThreads: threads)
      pool.start()
    }

    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
      try await pool.runIfActive(work)
    }

    /// Lets what goes on go on; nobody waits for it any more.
    func stop() { pool.shutdownGracefully { _ in } }
  }
#endif
