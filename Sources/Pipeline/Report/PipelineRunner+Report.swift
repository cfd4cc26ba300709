extension PipelineRunner {
  /// The run report of a run that goes on: what has happened so far.
  ///
  /// - Parameters:
  ///   - version: of edgepipe.
  ///   - file: the pipeline file, as the user named it.
  package func reportSoFar(version: String, file: String?) -> RunReport {
    let snapshot = snapshot(withFacts: true)
    let outcome = RunOutcome(
      failure: context.control.failure, streamFailures: context.control.streamFailures,
      streams: snapshot.streamFigures.count, wasStopped: isStopping, isOver: false)
    return RunReport(
      pipeline: plan.name, snapshot: snapshot, outcome: outcome, version: version, file: file,
      power: power?.accountSoFar(stages: context.census.cpuNanoseconds))
  }
}
