import Logging

/// Puts ports, links and runners around the stages of a built pipeline.
struct Assembly {
  let built: BuiltPipeline
  let metrics: [StageMetrics]
  let ledger: Ledger
  let control: RunControl
  let logger: Logger

  func assemble() throws -> (sources: [SourceRunner], runners: [StageRunner]) {
    let ports = built.graph.nodes.indices.map(port)
    var sources: [SourceRunner] = []
    var runners: [StageRunner] = []
    for index in built.graph.order {
      let outputs = Outputs(
        ports: built.graph.nodes[index].downstream.compactMap { next in ports[next.node].map { ($0, next.link) } })
      switch built.stages[index] {
      case let stage as any SourceStage: sources.append(source(index, stage, outputs))
      case let stage as any FrameStage:
        guard let port = ports[index] else { throw misfit(index, "comes after no stage") }
        runners.append(runner(index, stage, port, outputs))
      default: throw misfit(index, "is neither a source nor takes frames")
      }
    }
    return (sources, runners)
  }

  private func misfit(_ index: Int, _ what: String) -> StageBuildErrors {
    StageBuildErrors(errors: [PipelineError("stage '\(built.graph.nodes[index].id)' \(what)", exit: .config)])
  }

  /// The port in front of a stage; nil for sources.
  private func port(_ index: Int) -> InputPort? {
    let node = built.graph.nodes[index], plan = built.plan.stages[index]
    guard !node.upstream.isEmpty else { return nil }
    var linksBySource: [Int: [Int]] = [:]
    for (link, feeder) in node.upstream.enumerated() {
      for source in built.graph.nodes[feeder].sources { linksBySource[source, default: []].append(link) }
    }
    let isLive = node.sources.contains { (built.stages[$0] as? any SourceStage)?.isLive ?? false }
    return InputPort(
      stage: node.id, upstream: node.upstream.map { built.graph.nodes[$0].id }, linksBySource: linksBySource,
      capacity: plan.queueCapacity ?? QueueSettings.defaultCapacity,
      policy: plan.overflow ?? (isLive ? .dropLate : .block), keepsTombstones: hasJoin(after: index),
      clock: control.clock, metrics: metrics[index])
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

  private func source(_ index: Int, _ stage: any SourceStage, _ outputs: Outputs) -> SourceRunner {
    SourceRunner(
      id: built.graph.nodes[index].id, index: index, stage: stage,
      framesInFlight: built.plan.effectiveFramesInFlight(isLive: stage.isLive),
      keepsImage: isImageNeeded(after: index), outputs: outputs, metrics: metrics[index], ledger: ledger,
      control: control, census: built.census)
  }

  private func runner(_ index: Int, _ stage: any FrameStage, _ port: InputPort, _ outputs: Outputs) -> StageRunner {
    StageRunner(
      id: built.graph.nodes[index].id, stage: stage, workers: built.plan.stages[index].workers,
      keepsImage: isImageNeeded(after: index), port: port, outputs: outputs, metrics: metrics[index],
      control: control, census: built.census, logger: logger)
  }

  /// Pictures are the bulk of the memory: they go as soon as no later stage looks at them.
  private func isImageNeeded(after index: Int) -> Bool {
    built.graph.reachable(from: index).contains { built.plan.stages[$0].descriptor.needsImage }
  }
}
