import EdgepipeCore
import Foundation
import Logging

/// What a client of the control socket can do with a run, whatever version of the protocol it speaks.
struct ControlActions: Sendable {
  let runner: PipelineRunner
  let logger: Logger
  /// Nil for a run that goes on without a supervisor.
  var supervision: Supervision?
  /// The text of the run's page of metrics; nil where there is none.
  var metrics: (@Sendable () -> String)?
  /// Makes the run report of what has happened so far; nil where there is none.
  var report: (@Sendable () -> ReportValue)?

  /// A supervisor is there.
  ///
  /// - Parameter limitS: how long the run may go on without one from now on.
  func supervise(limitS: Double?) throws(PipelineError) {
    guard let supervision else {
      throw PipelineError(
        "this run is not supervised", remedy: "start it with --supervised FILE", code: .unavailable)
    }
    if let limitS, !Supervision.limits.contains(limitS) {
      throw PipelineError("'limit' takes 1 to 3600 seconds", code: .invalidArgument)
    }
    supervision.contact(limitS: limitS)
  }

  var metricsText: String {
    get throws(PipelineError) {
      guard let metrics else {
        throw PipelineError(
          "this run has no page of metrics", remedy: "use a build with the trait WebServer", code: .unavailable)
      }
      return metrics()
    }
  }

  var reportSoFar: ReportValue {
    get throws(PipelineError) {
      guard let report else {
        throw PipelineError("this run has no report", remedy: "start it with 'edgepipe run'", code: .unavailable)
      }
      return report()
    }
  }

  func addStream(id: String, url: String, source: String?) throws {
    let url = try EnvironmentReferences.expand(
      url, environment: ProcessInfo.processInfo.environment, place: "the url of '\(id)'")
    try runner.addStream(id: id, url: url, to: source)
    logger.notice("stream '\(id)': added on request")
  }

  func removeStream(id: String) throws {
    try runner.removeStream(id: id)
    logger.notice("stream '\(id)': removed on request")
  }

  /// - Parameter options: an object of new values in JSON.
  func set(_ options: [UInt8], of stage: String) throws(PipelineError) -> OptionChange {
    // Until then a stage does not know all of its workers.
    guard runner.isReady else {
      throw PipelineError("the run is still starting", remedy: "try again in a moment", code: .unavailable)
    }
    return try runner.changeOptions(of: stage, json: options)
  }

  func limitDetection(to share: Double?) throws(PipelineError) {
    guard let share, (0.01...1).contains(share) else {
      throw PipelineError("'share' takes 0.01 to 1", code: .invalidArgument)
    }
    logger.notice("detectors look at \(Int((share * 100).rounded())) % of the frames of live streams, on request")
    runner.limitDetection(to: share)
  }

  /// Where the run's threads are, which also goes into its log.
  func stacks() -> String {
    let text = ThreadStacks.text()
    // A supervised run is quiet but for errors, and a run that is well is not asked.
    logger.error("stacks of all threads, on request:\n\(text)")
    return text
  }

  func drain() {
    logger.notice("draining on request")
    runner.requestStop()
  }

  var streams: [ControlResponse.Stream] {
    let snapshot = runner.snapshot()
    return snapshot.streamFigures.map { figures in
      let account = snapshot.streams[figures.id] ?? Ledger.Account()
      let health = figures.values.health
      return ControlResponse.Stream(
        id: figures.id, source: figures.sourceStage, live: figures.isLive,
        state: figures.isRunning ? health?.state.rawValue ?? "streaming" : "ended",
        seconds: health.map { Double(snapshot.now.nanoseconds(since: $0.since)) / 1e9 },
        attempt: health?.attempt, lastError: health?.lastError, admitted: account.admitted,
        delivered: account.delivered, dropped: account.droppedTotal + account.failedTotal,
        latencyP95Ms: figures.values.latency.milliseconds(atPercentile: 95))
    }
  }
}
