package import EdgepipeCore
import Foundation
package import Pipeline

/// Everything that is known of a run that was followed by a ``RunProfiler``.
package struct RunProfile: Sendable {
  package let plan: PipelinePlan
  package let snapshot: PipelineRunner.Snapshot
  package let outcome: RunOutcome
  package let timeline: RunTimeline
  /// Nil unless the run's threads were recorded.
  package let recording: SpanRecording?
  let load: RunLoad
  package let bottleneck: Bottleneck

  init(
    plan: PipelinePlan, snapshot: PipelineRunner.Snapshot, outcome: RunOutcome, timeline: RunTimeline,
    recording: SpanRecording?, processCPUNanoseconds: Int64, otherProgramsCPUNanoseconds: Int64?, cores: Double,
    hasInt8DotProduct: Bool
  ) {
    self.plan = plan
    self.snapshot = snapshot
    self.outcome = outcome
    self.timeline = timeline
    self.recording = recording
    load = RunLoad(
      plan: plan, snapshot: snapshot, processCPUS: Double(processCPUNanoseconds) / 1e9,
      // A part of a machine says nothing of what the others on it leave.
      otherProgramsCPUS: cores >= Double(ProcessInfo.processInfo.processorCount)
        ? otherProgramsCPUNanoseconds.map { Double($0) / 1e9 } : nil,
      cores: cores, hasInt8DotProduct: hasInt8DotProduct)
    bottleneck = Bottleneck(load)
  }

  /// The run report, with what the profile adds under `profile`.
  ///
  /// - Parameters:
  ///   - version: of edgepipe.
  ///   - file: the pipeline file, as the user named it.
  ///   - notes: what could not be measured, and why.
  package func report(version: String, file: String?, notes: [String]) -> ReportValue {
    let run = RunReport(
      pipeline: plan.name, snapshot: snapshot, outcome: outcome, version: version, file: file, power: snapshot.power
    ).root
    guard case .object(var object) = run else { return run }
    object["profile"] = .object([
      "v": .int(1),
      "cores": .double(load.cores),
      "busy_cores": Self.rounded(load.busyCores),
      "other_programs_cores": load.otherProgramsCPUS == nil ? .null : Self.rounded(load.otherCores),
      "bottleneck": .object([
        "limit": .string(bottleneck.limit.word),
        "stage": bottleneck.limit.stage.map { .string($0) } ?? .null,
        "headline": .string(bottleneck.headline),
        "costs": .list(bottleneck.costs.map { .string($0) }),
        "reliefs": .list(bottleneck.reliefs.map { .string($0) }),
        "next_fps": bottleneck.nextFPS.map { Self.rounded($0) } ?? .null,
      ]),
      "timeline": .list(timeline.intervals.map(Self.moment)),
      "notes": .list(notes.map { .string($0) }),
    ])
    return .object(object)
  }

  private static func moment(_ interval: TimelineInterval) -> ReportValue {
    let now = interval.to
    return .object([
      "s": rounded(now.seconds), "delivered_per_s": rounded(interval.deliveredPerSecond),
      "detections_per_s": rounded(interval.detectionsPerSecond),
      "dropped_per_s": .list(
        interval.droppedPerSecond.map {
          .object(["stage": .string($0.stage), "reason": .string($0.reason), "per_s": rounded($0.perSecond)])
        }),
      "queue_depth": .object(now.queueDepth.mapValues { .int($0) }), "w": now.watts.map { rounded($0) } ?? .null,
      "rss_mb": rounded(now.rssMB),
    ])
  }

  private static func rounded(_ value: Double) -> ReportValue { .double((value * 1000).rounded() / 1000) }
}

extension Bottleneck.Limit {
  /// For programs.
  var word: String {
    switch self {
    case .nothing: "nothing"
    case .sources: "sources"
    case .stage: "stage"
    case .cores: "cores"
    case .deadline: "deadline"
    case .queue: "queue"
    case .framesInFlight: "frames-in-flight"
    case .spread: "spread"
    }
  }

  /// The stage that limits, where one does.
  var stage: String? {
    switch self {
    case .stage(let id), .queue(let id): id
    default: nil
    }
  }
}
