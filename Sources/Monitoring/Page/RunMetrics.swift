package import Pipeline

/// The page of a run for programs that get it by another way than this module's server.
package enum RunMetrics {
  /// - Parameter version: edgepipe's.
  /// - Returns: what `/metrics` shows at this instant.
  package static func text(of runner: PipelineRunner, version: String) -> String {
    MetricsPage(version: version, pipeline: runner.plan.name, snapshot: runner.snapshot(withFacts: true)).text()
  }
}
