import EdgepipeCore

/// The figures of a run report that a diagnosis uses. What an older report does not have is nil, or nothing.
package struct RunView: Sendable {
  package struct Power: Sendable, Hashable {
    var isEstimate = false
    var meanW: Double?
    var energyJ: Double?
    var seconds: Double?
    var idleW: Double?
    var budgetW: Double?
    /// The highest mean over the budget's window.
    var highestMeanW: Double?
  }

  package let pipeline: String
  /// The pipeline file, as the run's user named it.
  package let file: String?
  var wallS: Double
  var admitted: Int
  var delivered: Int
  var failed: Int
  /// Cores that the run could use.
  var cores: Double
  /// Cores that it could use without a quota.
  var machineCores: Double
  /// CPU seconds of the run.
  var cpuS: Double
  /// CPU seconds of other programs meanwhile; nil where that is not known.
  var otherCPUS: Double?
  /// For how long a quota kept the run from running.
  var throttledS: Double?
  var peakMB: Double
  /// What the run may hold of the memory; nil where that is not known.
  var memoryLimitMB: Double?
  var isMemoryLimitOfGroup: Bool
  /// `budget.memoryMB` of the pipeline file.
  var memoryBudgetMB: Double?
  /// Pages of files in ``peakMB``, which a budget does not count.
  var fileMB: Double?
  var power: Power
  /// By id.
  var stages: [StageView]
  /// The stages before each one, as far as the report tells.
  let before: [String: Set<String>]
  var streams: [StreamView]
  /// The exit status; nil for a run that goes on.
  var exit: Int?
  var errors: [String]

  func stage(_ id: String) -> StageView? { stages.first { $0.id == id } }

  /// Frames a second that the sources bring, by their own time.
  var offeredFPS: Double {
    streams.reduce(0) { sum, stream in
      // The end of a run, in which queues drain, brings nothing.
      let isTimed = !stream.isLive || (stream.mediaS >= 0.1 && stream.mediaS <= wallS)
      let seconds = isTimed ? stream.mediaS : wallS
      return seconds > 0 ? sum + Double(stream.admitted) / seconds : sum
    }
  }

  /// Frames a second that are meant for a stage: its part of what the sources bring. Those that were lost on their way to it
  /// count: a stage before it may have waited for a core, and would let them pass on a machine that is idle.
  func offeredFPS(of stage: StageView) -> Double {
    if stage.role == .source { return offeredFPS }
    let sources = stages.filter { $0.role == .source }
    let out = sources.reduce(0) { $0 + Double($1.framesOut) }
    return out > 0 ? offeredFPS * min(1, (Double(stage.framesIn) + lost(before: stage)) / out) : 0
  }

  private func lost(before stage: StageView) -> Double {
    var passed: Set<String> = [], waiting = before[stage.id] ?? [], lost = 0.0
    while let id = waiting.popFirst() {
      guard passed.insert(id).inserted, let earlier = self.stage(id), earlier.role != .source else { continue }
      lost += earlier.dropped.reduce(0) { Slowness.overload.contains($1.key) ? $0 + Double($1.value) : $0 }
      waiting.formUnion(before[id] ?? [])
    }
    return lost
  }

  /// What a stage could do on cores of its own, against what is meant for it; nil where either is not known.
  func fit(of stage: StageView) -> Double? {
    let offered = offeredFPS(of: stage), cpuMs = stage.cpuMsPerFrame
    guard offered > 0, cpuMs > 0 else { return nil }
    return min(Double(stage.workers) * Double(stage.threads), max(machineCores, 0.01)) * 1000 / cpuMs / offered
  }

  /// The part of what a stage falls short by that cores of its own would not mend, 0 to 1.
  func ownShare(of stage: StageView) -> Double {
    max(1 - Contention(stage, in: self).waiting, 1 - (fit(of: stage) ?? 0))
  }

  var ownCores: Double { wallS > 0 ? cpuS / wallS : 0 }
  var otherCores: Double { wallS > 0 ? (otherCPUS ?? 0) / wallS : 0 }
  var freeCores: Double { max(0, cores - ownCores - otherCores) }
}

/// One stage of a run.
struct StageView: Sendable {
  enum Role: Sendable { case source, transform, sink }

  let id: String
  let type: String
  var workers: Int
  var framesIn: Int
  var framesOut: Int
  var dropped: [String: Int]
  var failed: Int
  var detections: Int
  /// Frames on which it worked, and for how long, over all workers.
  var worked: Int
  var workMs: Double
  var cpuMs: Double
  /// Of a source: waiting until frames were due, and for places.
  var pausedMs: Double
  var blockedMs: Double
  var queueHighest: Int
  var queueCapacity: Int?
  var energyJ: Double?
  var counters: [String: Int]
  let facts: JSONNode?

  var role: Role { type.hasPrefix("source.") ? .source : type.hasPrefix("sink.") ? .sink : .transform }
  var isDetector: Bool { type.hasPrefix("detect.") }
  var threads: Int { max(1, facts?["threads"]?.integer ?? 1) }
  var model: String? { facts?["model"]?.string }
  var precision: String? { facts?["precision"]?.string }

  /// How long its threads were at work. Libraries work on threads of their own while the stage waits for nothing: an
  /// encoder takes a picture at once and encodes it later.
  var busyMs: Double { max(workMs, cpuMs / Double(threads)) }
  var busyMsPerFrame: Double { worked > 0 ? busyMs / Double(worked) : 0 }
  var cpuMsPerFrame: Double { worked > 0 ? cpuMs / Double(worked) : 0 }

  /// The share of its threads' time that it worked.
  func utilisation(wallS: Double) -> Double {
    let time = role == .source ? workMs + pausedMs + blockedMs : wallS * 1000 * Double(max(1, workers))
    return time > 0 ? min(1, (role == .source ? workMs : busyMs) / time) : 0
  }

  /// As messages call it.
  var name: String { "\(Quoted.plain(id)) (\(Quoted.plain(type)))" }
}

/// One stream of a run.
struct StreamView: Sendable {
  let id: String
  let source: String
  let isLive: Bool
  var deadlineMs: Double?
  var mediaS: Double
  var admitted: Int
  var delivered: Int
  /// By reason.
  var dropped: [String: Int]
  /// Delivered after their deadline.
  var late: Int
  var latencyP95Ms: Double
  /// Nil for files.
  var state: String?
  var lastError: String?
  var faults: Int
  /// In faults that are over.
  var faultS: Double
}
