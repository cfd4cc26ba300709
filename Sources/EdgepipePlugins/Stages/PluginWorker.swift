import EdgepipeCore
import EdgepipePluginHost
import Pipeline

/// One instance of a transform or a sink, on its worker's thread.
final class PluginWorker: HealthObservingWorker {
  private let start: PluginStart
  private let instance: any PluginRunning
  private let translation: FrameTranslation
  private let counts: PluginCounts
  private var options: AdjustedOptions<PluginConfiguration>

  init(_ start: PluginStart, worker: Int, counts: PluginCounts) throws {
    self.start = start
    self.counts = counts
    translation = FrameTranslation(stage: start.context.id, facts: start.type.facts)
    options = AdjustedOptions(of: start.context.id, initial: start.configuration)
    instance = try PluginInstances.make(start, worker: worker)
  }

  func process(_ frame: Frame) throws -> FrameOutcome {
    if options.follow(frame) { try configure() }
    guard let now = start.context.instant(for: frame.header) else { return .drop(.unrecorded) }
    var frame = frame
    let answer: PluginAnswer
    do {
      answer = try translation.with(frame, now: now) { seen in try instance.process(seen) }
    } catch let failure as PluginFailure {
      return try counts.outcome(of: failure)
    }
    guard answer.verdict == .done else { return .drop(.plugin) }
    if start.type.facts.role == .transform || !answer.results.isEmpty || !answer.events.isEmpty {
      try translation.apply(answer, to: &frame)
    }
    return .emit(frame)
  }

  private func configure() throws {
    do { try instance.configure(try options.value.json(start.type.schema)) } catch let failure as PluginFailure {
      throw failure.error
    }
  }

  func note(_ change: HealthChange) throws {
    let health = change.health
    do throws(PluginFailure) {
      try instance.note(
        PluginHealth(
          stream: health.stream, state: .init(health.state), since: health.since, sinceWall: health.sinceWall,
          attempt: health.attempt, error: health.lastError))
    } catch {
      // No frame is lost with it.
      if error.consequence == .stopPipeline { throw error.error }
      start.context.logger.warning("\(error)")
    }
  }

  func finish() throws {
    defer { instance.close() }
    do throws(PluginFailure) { try instance.flush() } catch { throw error.error }
  }
}

extension PluginFrame.StreamState {
  init(_ state: StreamState) {
    switch state {
    case .connecting: self = .connecting
    case .streaming: self = .streaming
    case .stalled: self = .stalled
    case .refused: self = .refused
    case .waiting: self = .waiting
    case .ended: self = .ended
    }
  }
}
