import EdgepipeCore
import Logging
import Pipeline

#if WebServer
  import Monitoring

  /// Where `--metrics` serves the figures of a run.
  struct MetricsEndpoint {
    private let address: ListenAddress

    init(_ text: String) throws { address = try ListenAddress(text) }

    func start(_ runner: PipelineRunner, _ logger: Logger) throws -> MetricsServer {
      try MetricsServer(address, version: Edgepipe.version, runner: runner, logger: logger)
    }

    /// The page by itself.
    static func text(_ runner: PipelineRunner) -> (@Sendable () -> String)? {
      { RunMetrics.text(of: runner, version: Edgepipe.version) }
    }
  }
#else
  /// Stands for the web server in a build that leaves it out: says so.
  struct MetricsEndpoint {
    init(_ text: String) throws {
      throw PipelineError(
        "this build of edgepipe has no web server",
        remedy: "omit --metrics, or build edgepipe with the trait WebServer",
        code: .unavailable)
    }

    func start(_ runner: PipelineRunner, _ logger: Logger) -> Self { self }
    func stop() {}
    static func text(_ runner: PipelineRunner) -> (@Sendable () -> String)? { nil }
  }
#endif
