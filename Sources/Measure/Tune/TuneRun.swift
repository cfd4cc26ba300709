package import Detectors
package import Pipeline

/// Tunes the detectors of a pipeline one after another: what is found for one is fixed while the next is tried.
package struct TuneRun {
  private let trial: TuneTrial
  private let store: ModelStore
  private let decoders: TuneDecoders
  private let limits: (StageSettings) -> TuneSearch.Limits
  private let show: (_ detector: String, _ choice: TuneChoice, _ isGlance: Bool) -> Void
  /// What was tried for all detectors so far.
  package private(set) var rows: [TuneRow] = []
  /// How the sources decode with what was found for the detectors so far.
  private var decoding = TuneDecoding()

  /// - Parameters:
  ///   - store: where models are looked for that could take a detector's place.
  ///   - stages: all of the pipeline: those that decode are tried as well where a detector's rate is too low.
  ///   - show: told of every trial before it begins; a glance only looks whether the deadline is in reach.
  package init(
    trial: TuneTrial, store: ModelStore, stages: [StageSettings],
    limits: @escaping (StageSettings) -> TuneSearch.Limits,
    show: @escaping (_ detector: String, _ choice: TuneChoice, _ isGlance: Bool) -> Void
  ) {
    self.trial = trial
    self.store = store
    decoders = TuneDecoders(stages)
    self.limits = limits
    self.show = show
  }

  /// Tries settings of one detector.
  ///
  /// - Parameter fixed: overrides for the detectors before it.
  /// - Returns: the best setting's overrides, those of the sources included; nil where none keeps the limits.
  /// - Throws: a `PipelineError` (`unattainable`) where something else than this detector is in the way.
  package mutating func tune(_ detector: StageSettings, fixed: [String]) throws -> [String]? {
    let id = detector.id, limits = limits(detector), trial = trial, show = show, sources = decoders.sources
    var search = TuneSearch(
      stage: id, limits: limits, decodings: decoders.steps(after: decoding, cores: limits.cores),
      glance: { choice in
        show(id, choice, true)
        return trial.glance(at: id, fixed + choice.sets(for: id))
      },
      measure: { choice in
        show(id, choice, false)
        return try trial.measure(fixed + choice.sets(for: id, sources: sources))
      })
    let inputs = TuneInputs(detector, store: store) { model in
      trial.inputShape(of: id, fixed + TuneInputs.sets(id, model: model))
    }
    let best = try search.run(inputs.all())
    rows += search.rows
    if let obstacle = search.obstacle { throw obstacle.error(detector: id, deadlineMs: limits.deadlineMs) }
    if let best { decoding = decoding.changed(by: best.decoding) }
    return best?.sets(for: id, sources: sources)
  }
}
