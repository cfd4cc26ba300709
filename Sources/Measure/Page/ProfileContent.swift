import Pipeline

/// Everything that the page of a profile shows, as plain values. Its maker formats nothing and escapes nothing.
///
/// Times from the beginning of the run are seconds; latencies milliseconds; memory megabytes of 2^20 bytes.
package struct ProfileContent: Sendable, Equatable {
  /// The pipeline's name.
  var pipeline: String
  /// Version of edgepipe.
  var version: String
  /// The machine on one line, such as `AMD EPYC, 2 cores, 3900 MB, Debian GNU/Linux 12`.
  var machine: String
  /// Cores that the program may use.
  var cores: Int
  /// Inference engines with their versions; empty when no stage runs a model.
  var engines: [String]
  /// Wall-clock time of the start, ISO 8601.
  var startedAt: String
  var wallS: Double
  /// Delivered frames a second of the whole run.
  var fps: Double
  /// Seconds of media done in a second.
  var realtimeFactor: Double
  var admitted: Int
  var delivered: Int
  var dropped: Int
  var failed: Int
  /// CPU seconds of the whole process, at least the sum of the stages'.
  var cpuS: Double
  var peakMemoryMB: Double
  /// Nil when nothing was measured or estimated.
  var power: ProfilePower?
  var bottleneck: ProfileBottleneck
  /// In the order of the pipeline.
  var stages: [ProfileStage]
  /// In the order of time.
  var timeline: [ProfileMoment]
  var streams: [ProfileStream]
  /// What could not be measured, and why: one sentence each.
  var notes: [String]

  init(
    pipeline: String, version: String, machine: String, cores: Int, engines: [String], startedAt: String, wallS: Double,
    fps: Double, realtimeFactor: Double, admitted: Int, delivered: Int, dropped: Int, failed: Int, cpuS: Double,
    peakMemoryMB: Double, power: ProfilePower?, bottleneck: ProfileBottleneck, stages: [ProfileStage],
    timeline: [ProfileMoment], streams: [ProfileStream], notes: [String] = []
  ) {
    self.pipeline = pipeline
    self.version = version
    self.machine = machine
    self.cores = cores
    self.engines = engines
    self.startedAt = startedAt
    self.wallS = wallS
    self.fps = fps
    self.realtimeFactor = realtimeFactor
    self.admitted = admitted
    self.delivered = delivered
    self.dropped = dropped
    self.failed = failed
    self.cpuS = cpuS
    self.peakMemoryMB = peakMemoryMB
    self.power = power
    self.bottleneck = bottleneck
    self.stages = stages
    self.timeline = timeline
    self.streams = streams
    self.notes = notes
  }
}

/// Where the energy went; `idleJ`, the stages' `energyJ` and `otherJ` add up to `energyJ`.
struct ProfilePower: Sendable, Equatable {
  /// How it is known: `measured: rapl, package-0`, or `estimated: ...`.
  var source: String
  var meanW: Double
  var energyJ: Double
  var idleJ: Double
  var otherJ: Double
  /// The pipeline's `budget.powerW`.
  var budgetW: Double?

  init(source: String, meanW: Double, energyJ: Double, idleJ: Double, otherJ: Double, budgetW: Double?) {
    self.source = source
    self.meanW = meanW
    self.energyJ = energyJ
    self.idleJ = idleJ
    self.otherJ = otherJ
    self.budgetW = budgetW
  }
}

/// What keeps the pipeline from being faster.
struct ProfileBottleneck: Sendable, Equatable {
  /// One sentence.
  var headline: String
  /// The reasons, and what would help: one sentence each.
  var details: [String]

  init(headline: String, details: [String]) {
    self.headline = headline
    self.details = details
  }
}

/// Percentiles of a duration, in milliseconds.
struct ProfilePercentiles: Sendable, Equatable {
  var p50: Double
  var p95: Double
  var p99: Double
  var max: Double

  init(p50: Double, p95: Double, p99: Double, max: Double) {
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.max = max
  }
}

/// One stage of the pipeline over the whole run.
struct ProfileStage: Sendable, Equatable {
  var id: String
  /// Such as `detect.yolo`.
  var type: String
  var role: StageRole
  var workers: Int
  var framesIn: Int
  var framesOut: Int
  /// Frames by the reason of their loss, such as `late`; reasons without frames are left out.
  var dropped: [String: Int]
  var failed: Int
  /// Frames passed on a second of the whole run.
  var fps: Double
  /// Milliseconds of the work itself.
  var service: ProfilePercentiles
  /// Milliseconds of waiting in the stage's queue; nil for a source, which has none.
  var queue: ProfilePercentiles?
  /// Frames that its queue holds; nil for a source.
  var queueCapacity: Int?
  var cpuMsPerFrame: Double
  /// CPU seconds of all its threads, loading models included.
  var cpuS: Double
  /// Share of its workers' time that was spent at work, 0 to 1.
  var utilisation: Double
  var energyJ: Double?
  var powerW: Double?
  /// Processor instructions; nil where no counter could be read.
  var instructionsPerFrame: Double?

  init(
    id: String, type: String, role: StageRole, workers: Int, framesIn: Int, framesOut: Int, dropped: [String: Int],
    failed: Int, fps: Double, service: ProfilePercentiles, queue: ProfilePercentiles?, queueCapacity: Int?,
    cpuMsPerFrame: Double, cpuS: Double, utilisation: Double, energyJ: Double?, powerW: Double?,
    instructionsPerFrame: Double?
  ) {
    self.id = id
    self.type = type
    self.role = role
    self.workers = workers
    self.framesIn = framesIn
    self.framesOut = framesOut
    self.dropped = dropped
    self.failed = failed
    self.fps = fps
    self.service = service
    self.queue = queue
    self.queueCapacity = queueCapacity
    self.cpuMsPerFrame = cpuMsPerFrame
    self.cpuS = cpuS
    self.utilisation = utilisation
    self.energyJ = energyJ
    self.powerW = powerW
    self.instructionsPerFrame = instructionsPerFrame
  }
}

/// Frames that one stage dropped for one reason, a second.
struct ProfileLoss: Sendable, Equatable {
  var stage: String
  var reason: String
  var perSecond: Double

  init(stage: String, reason: String, perSecond: Double) {
    self.stage = stage
    self.reason = reason
    self.perSecond = perSecond
  }
}

/// One reading of the time line: rates are those since the reading before, everything else is of the instant.
struct ProfileMoment: Sendable, Equatable {
  /// Since the beginning of the run.
  var seconds: Double
  var deliveredPerSecond: Double
  /// Places without losses may be left out.
  var droppedPerSecond: [ProfileLoss]
  /// Frames that wait, by stage.
  var queueDepth: [String: Int]
  var watts: Double?
  var rssMB: Double

  init(
    seconds: Double, deliveredPerSecond: Double, droppedPerSecond: [ProfileLoss], queueDepth: [String: Int],
    watts: Double?, rssMB: Double
  ) {
    self.seconds = seconds
    self.deliveredPerSecond = deliveredPerSecond
    self.droppedPerSecond = droppedPerSecond
    self.queueDepth = queueDepth
    self.watts = watts
    self.rssMB = rssMB
  }
}

/// One camera or file.
struct ProfileStream: Sendable, Equatable {
  var id: String
  /// Milliseconds from the capture instant to the end of the last sink's work, delivered frames only.
  var latency: ProfilePercentiles
  /// Share of the frames with a deadline that met it; nil without such frames.
  var attainment: Double?
  var delivered: Int
  var dropped: Int

  init(id: String, latency: ProfilePercentiles, attainment: Double?, delivered: Int, dropped: Int) {
    self.id = id
    self.latency = latency
    self.attainment = attainment
    self.delivered = delivered
    self.dropped = dropped
  }
}
