#if WebServer
  import EdgepipeCore

  /// What one client has to be told of the pipelines' figures: once a second those that have changed.
  struct FigureNews {
    private static let every = Duration.seconds(1)

    private var told: [String: ReportValue] = [:]
    private var due: ContinuousClock.Instant?

    /// - Parameter statuses: asked only when the second is over.
    /// - Returns: the names of all pipelines, and the figures of those that have changed; nil where nothing has.
    mutating func next(_ statuses: () -> [PipelineStatus], now: ContinuousClock.Instant) -> ReportValue? {
      if let due, now < due { return nil }
      due = now + Self.every
      let all = statuses(), before = told
      told = Dictionary(all.map { ($0.name, $0.live) }, uniquingKeysWith: { first, _ in first })
      let changed = all.filter { before[$0.name] != told[$0.name] }
      if changed.isEmpty, before.count == told.count { return nil }
      return .object([
        "event": .string("figures"), "names": .list(all.map { .string($0.name) }),
        "pipelines": .list(changed.compactMap { told[$0.name] }),
      ])
    }
  }

  extension PipelineStatus {
    /// With what the run says of itself each second.
    fileprivate var live: ReportValue {
      guard case .object(let own) = value else { return value }
      let figures = figures.filter { !["event", "elapsed_s"].contains($0.key) }
      return .object(own.merging(figures) { own, _ in own })
    }
  }
#endif
