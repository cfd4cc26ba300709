import EdgepipeCore
import EdgepipeMachine
import Foundation
import Logging

/// The stages of a plan, made and connected, not yet running.
struct BuiltPipeline: Sendable {
  let plan: PipelinePlan
  let graph: Graph
  /// In the order of the plan.
  let stages: [any Stage]
  /// What may well be a mistake, and need not be one.
  let warnings: [StageFault]
  /// Everything that the run reads and writes.
  let files: FileClaims
  /// The stages to which only anonymized pictures come.
  let anonymized: Set<Int>
}

/// Makes every stage of a plan and lets the stages find each other.
struct PipelineBuilder {
  let run: RunContext
  let services: StageServices
  /// Set by what follows the run's power; nil where nobody does.
  /// What the command itself reads and writes.
  let files: [FileUse]

  /// - Throws: ``StageBuildErrors``.
  func build(_ plan: PipelinePlan) throws -> BuiltPipeline {
    let graph: Graph
    do { graph = try Graph(plan.stages.map { ($0.id, $0.after) }) } catch { throw StageBuildErrors(errors: [error]) }
    let stages = try makeStages(plan)
    // Over a run an id may come again; a trace has all of them at once.
    if run.journal.trace == nil { try checkStreams(of: stages) }
    try connect(stages, graph: graph)
    // What was recorded did run.
    let members = members(plan, stages)
    let warnings = run.journal.trace == nil ? try checkInterfaces(members, graph: graph) : []
    var plan = plan
    plan.heldFrames = graph.heaviestWay { stages[$0].interface.heldFrames }
    if run.journal.trace == nil { try checkHolding(plan, stages) }
    return BuiltPipeline(
      plan: plan, graph: graph, stages: stages, warnings: warnings, files: try claims(of: stages, graph: graph),
      anonymized: PrivacyCheck(members, graph: graph).anonymized)
  }

  private func members(_ plan: PipelinePlan, _ stages: [any Stage]) -> [InterfaceCheck.Member] {
    zip(plan.stages, stages).map { entry, stage in
      InterfaceCheck.Member(
        id: entry.id, type: entry.descriptor.type, interface: stage.interface, workers: entry.workers,
        streams: (stage as? any SourceStage)?.streams.map(\.id) ?? [], hasReplacedInputs: entry.hasReplacedInputs,
        requires: entry.requirements)
    }
  }

  private func checkInterfaces(_ members: [InterfaceCheck.Member], graph: Graph) throws -> [StageFault] {
    let check = InterfaceCheck(members, graph: graph, staysOpen: run.staysOpen)
    let looks = LookCheck(members, graph: graph)
    let errors =
      members.flatMap(\.interface.faults) + check.errors + PrivacyCheck(members, graph: graph).errors + looks.errors
    guard errors.isEmpty else { throw StageBuildErrors(errors, omitted: check.omitted) }
    return check.warnings + looks.warnings + members.flatMap(\.interface.remarks)
  }

  /// Where all frames that may be in flight are kept back, none is left to come after them.
  private func checkHolding(_ plan: PipelinePlan, _ stages: [any Stage]) throws(StageBuildErrors) {
    guard let limit = plan.framesInFlight, limit <= plan.heldFrames,
      let holder = stages.indices.last(where: { stages[$0].interface.heldFrames > 0 })
    else { return }
    let id = plan.stages[holder].id
    throw StageBuildErrors(errors: [
      PipelineError(
        "'\(id)' keeps back \(stages[holder].interface.heldFrames) frames of each stream, and framesInFlight allows \(limit)",
        remedy: "set framesInFlight to \(plan.heldFrames + 1) or more, or remove it", stage: id,
        code: .invalidConfiguration)
    ])
  }

  private func makeStages(_ plan: PipelinePlan) throws -> [any Stage] {
    let sources = plan.stages.count { $0.descriptor.role == .source }
    var stages: [any Stage] = []
    var errors: [PipelineError] = []
    for (index, stage) in plan.stages.enumerated() {
      var logger = run.logger
      logger[metadataKey: "stage"] = "\(stage.id)"
      var context = StageContext(
        id: stage.id, pipeline: plan.name, run: run.name, isReplay: run.journal.trace != nil, clock: run.clock,
        logger: logger, deadlineMs: plan.deadlineMs,
        framesInFlight: plan.effectiveFramesInFlight(isLive: true) * max(1, sources), services: services,
        threads: run.census)
      context.instants = StageJournal(journal: run.journal, index: index)
      context.pace = run.pace
      context.enforcesPower = plan.enforcesPower
      context.requests = run.requests
      context.written = run.files
      context.faults = run.faults
      context.stops = run.stops
      context.requirements = stage.requirements
      do {
        stages.append(try stage.descriptor.make(Data(stage.configuration), context))
      } catch {
        errors.append(PipelineError(error, stage: stage.id))
      }
    }
    if !errors.isEmpty { throw StageBuildErrors(errors: errors) }
    return stages
  }

  /// Every account and every output goes by the stream's id.
  private func checkStreams(of stages: [any Stage]) throws(StageBuildErrors) {
    var owner: [String: String] = [:]
    for case let source as any SourceStage in stages {
      for stream in source.streams {
        if let other = owner.updateValue(stream.sourceStage, forKey: stream.id) {
          let place =
            other == stream.sourceStage ? "twice in '\(other)'" : "in '\(other)' and in '\(stream.sourceStage)'"
          throw StageBuildErrors(errors: [
            PipelineError(
              "the stream '\(stream.id)' is defined \(place)", remedy: "give each stream its own id",
              stage: stream.sourceStage, code: .invalidConfiguration)
          ])
        }
      }
    }
  }

  /// The command's files and those of all stages, of which none may get into another's way.
  private func claims(of stages: [any Stage], graph: Graph) throws -> FileClaims {
    var claims = FileClaims(), errors: [PipelineError] = []
    errors += files.compactMap { claims.add($0, of: nil) }
    for index in graph.order {
      let uses = stages[index].files(for: graph.streams(of: index, stages))
      errors += uses.compactMap { claims.add($0, of: graph.nodes[index].id) }
    }
    // What concerns the command alone has no place in the pipeline file.
    if let error = errors.first(where: { $0.stage == nil }) { throw error }
    if !errors.isEmpty { throw StageBuildErrors(errors: errors) }
    return claims
  }

  private func connect(_ stages: [any Stage], graph: Graph) throws {
    let byID = Dictionary(zip(graph.nodes.map(\.id), stages), uniquingKeysWith: { first, _ in first })
    var errors: [PipelineError] = []
    let reached = graph.nodes.indices.map(graph.reachable)
    var before: [[String]] = Array(repeating: [], count: stages.count)
    for index in graph.order { for later in reached[index] { before[later].append(graph.nodes[index].id) } }
    for (index, stage) in stages.enumerated() {
      let downstream = reached[index].map { graph.nodes[$0].id }
      do {
        try stage.connect(to: StagePeers(stages: byID, downstream: downstream, upstream: before[index]))
      } catch {
        errors.append(PipelineError(error, stage: graph.nodes[index].id))
      }
    }
    if !errors.isEmpty { throw StageBuildErrors(errors: errors) }
  }
}

extension Graph {
  /// The ids of the streams whose frames come through a stage.
  func streams(of node: Int, _ stages: [any Stage]) -> [String] {
    var seen: Set<String> = []
    return nodes[node].sources.sorted().flatMap { source in
      ((stages[source] as? any SourceStage)?.streams ?? []).map(\.id).filter { seen.insert($0).inserted }
    }
  }
}
