import EdgepipeCore

/// Puts ports, links and runners around the stages of a built pipeline.
struct Assembly {
  let built: BuiltPipeline
  let run: RunContext
  let metrics: [StageMetrics]
  /// Counts what a replay does.
  let progress: ReplayProgress

  func assemble() throws -> (sources: [SourceRunner], runners: [StageRunner]) {
    let ports = built.graph.nodes.indices.map(port)
    let health = HealthBoard(clock: run.clock, logger: run.logger)
    var sources: [SourceRunner] = []
    var runners: [Int: StageRunner] = [:]
    // From the sinks up, since a stage's forecast needs those of its successors.
    for index in built.graph.order.reversed() {
      let downstream = built.graph.nodes[index].downstream
      let outputs = Outputs(ports: downstream.compactMap { next in ports[next.node].map { ($0, next.link) } })
      switch built.stages[index] {
      case let stage as any SourceStage:
        sources.insert(source(index, stage, outputs, health, observers: observers(of: index, ports)), at: 0)
      case let stage as any FrameStage:
        guard let port = ports[index] else { throw misfit(index, "comes after no stage") }
        runners[index] = runner(index, stage, port, outputs, downstream.compactMap { runners[$0.node]?.forecast })
      default: throw misfit(index, "is not a source and takes no frames")
      }
    }
    return (sources, built.graph.order.compactMap { runners[$0] })
  }

  /// The ports of the sinks that want to know how the streams of this source are.
  private func observers(of source: Int, _ ports: [InputPort?]) -> [InputPort] {
    built.graph.reachable(from: source).compactMap { built.stages[$0] is any HealthObserver ? ports[$0] : nil }
  }

  private func misfit(_ index: Int, _ what: String) -> StageBuildErrors {
    StageBuildErrors(errors: [
      PipelineError("stage '\(built.graph.nodes[index].id)' \(what)", code: .invalidConfiguration)
    ])
  }

  /// The port in front of a stage; nil for sources.
  private func port(_ index: Int) -> InputPort? {
    let node = built.graph.nodes[index], plan = built.plan.stages[index]
    guard !node.upstream.isEmpty else { return nil }
    let keepsAll = built.stages[index].interface.keepsEveryFrame
    var linksBySource: [Int: [Int]] = [:]
    for (link, feeder) in node.upstream.enumerated() {
      for source in built.graph.nodes[feeder].sources { linksBySource[source, default: []].append(link) }
    }
    return InputPort(
      PortSite(
        stage: node.id, index: index, upstream: node.upstream.map { built.graph.nodes[$0].id },
        linksBySource: linksBySource,
        capacity: plan.queueCapacity ?? (keepsAll ? Self.roomForEveryFrame : defaultCapacity(behind: node)),
        policy: plan.overflow ?? (keepsAll ? .block : nil), keepsTombstones: hasJoin(after: index)),
      run: run, metrics: metrics[index], progress: progress)
  }

  /// More than there are credits, so that a source that must not wait never finds the queue full.
  private static let roomForEveryFrame = 1 << 16

  /// Frames of all cameras may come at the same moment: that alone must not make a queue overflow.
  private func defaultCapacity(behind node: Graph.Node) -> Int {
    let streams = node.sources.reduce(0) { $0 + ((built.stages[$1] as? any SourceStage)?.streams.count ?? 0) }
    return max(QueueSettings.defaultCapacity * (run.staysOpen ? 4 : 1), 2 * streams)
  }

  /// Whether branches of one frame come together in a later stage.
  private func hasJoin(after index: Int) -> Bool {
    built.graph.reachable(from: index).contains { later in
      let feeders = built.graph.nodes[later].upstream.map { built.graph.nodes[$0].sources }
      return feeders.indices.contains { first in
        feeders[(first + 1)...].contains { !$0.isDisjoint(with: feeders[first]) }
      }
    }
  }

  private func source(
    _ index: Int, _ stage: any SourceStage, _ outputs: Outputs, _ health: HealthBoard, observers: [InputPort]
  ) -> SourceRunner {
    let site = SourceSite(
      id: built.graph.nodes[index].id, index: index, stage: stage, keepsImage: isImageNeeded(after: index),
      outputs: outputs, metrics: metrics[index], health: health, observers: observers, run: run)
    return SourceRunner(site) { [plan = built.plan, trace = run.journal.trace] stream in
      max(plan.effectiveFramesInFlight(isLive: stream.isLive), trace?.mostInFlight(stream) ?? 0)
    }
  }

  private func runner(
    _ index: Int, _ stage: any FrameStage, _ port: InputPort, _ outputs: Outputs, _ successors: [ServiceForecast]
  ) -> StageRunner {
    StageRunner(
      StageSite(
        id: built.graph.nodes[index].id, stage: stage, workers: built.plan.stages[index].workers,
        keepsImage: isImageNeeded(after: index), endsPictures: pictureEnds(at: index), port: port, outputs: outputs,
        metrics: metrics[index], run: run),
      successors: successors)
  }

  /// The sources whose frames are complete at this stage: of the ends that they reach, the one with the most stages before
  /// it, where the most is known of them. Ends of anonymized pictures come first.
  private func pictureEnds(at index: Int) -> Set<Int> {
    guard built.graph.nodes[index].downstream.isEmpty else { return [] }
    return built.graph.nodes[index].sources.filter { source in
      let all = built.graph.reachable(from: source).filter { built.graph.nodes[$0].downstream.isEmpty }
      // Where some things are hidden, nobody who only watches shall see them.
      let anonymized = all.filter(built.anonymized.contains), ends = anonymized.isEmpty ? all : anonymized
      func stagesBefore(_ end: Int) -> Int { built.graph.order.count { built.graph.reachable(from: $0).contains(end) } }
      return ends.max { (stagesBefore($0), $1) < (stagesBefore($1), $0) } == index
    }
  }

  /// Pictures are the bulk of the memory: they go as soon as no later stage looks at them.
  private func isImageNeeded(after index: Int) -> Bool {
    built.graph.reachable(from: index).contains {
      built.plan.stages[$0].descriptor.needsImage && built.stages[$0].interface.needsImage
    }
  }
}
