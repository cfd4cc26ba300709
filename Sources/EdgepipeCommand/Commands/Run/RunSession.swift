import Pipeline

/// Runs a pipeline as commands do: Ctrl-C drains it, and a terminal shows how far it is.
struct RunSession {
  let quiet: Bool
  let showsProgress: Bool

  /// - Parameter whenReady: called once all stages are ready, at the run's beginning.
  func run(_ runner: PipelineRunner, whenReady: () -> Void = {}) throws -> RunOutcome {
    try Interruption().onStop {
      runner.requestStop()
      if !quiet {
        Terminal.note("\nstopping: frames in flight are still delivered (interrupt again to stop immediately)")
      }
    }
    // A thread that cannot be started is part of the outcome.
    try? runner.start()
    whenReady()
    let live = showsProgress && Terminal.isInteractive ? LiveDisplay(runner) : nil
    let outcome = runner.wait()
    live?.stop()
    return outcome
  }
}
