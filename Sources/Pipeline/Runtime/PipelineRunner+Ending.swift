import EdgepipeCore

/// What happens between a stop and the end.
extension PipelineRunner {
  /// For how long after a stop other machines are still waited for.
  private static let patienceMs = 5_000.0
  /// How long stages may take to end once their queues have been emptied by force.
  private static let abortLimitMs = 3_000.0

  func drain() {
    for source in sources { source.stop() }
    if context.control.waitForEnd(until: context.clock.now().advanced(byMilliseconds: Self.patienceMs)) { return }
    context.stops.call()
    let rest = Self.drainLimitMs - Self.patienceMs
    if context.control.waitForEnd(until: context.clock.now().advanced(byMilliseconds: rest)) { return }
    context.logger.warning(
      "the pipeline did not drain within \(Int(Self.drainLimitMs / 1000)) s: frames in queues are dropped")
    for runner in runners { runner.port.abort() }
    _ = context.control.waitForEnd(until: context.clock.now().advanced(byMilliseconds: Self.abortLimitMs))
  }

  var stuckError: PipelineError {
    let stuck =
      runners.filter { $0.isWorking }.map { "'\($0.id)'" } + sources.filter { $0.isWorking }.map { "'\($0.id)'" }
    return PipelineError(
      "these stages did not end after a stop: \(stuck.joined(separator: ", "))", code: .internalFault)
  }
}
