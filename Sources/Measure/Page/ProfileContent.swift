import Pipeline

/// Everything that the page of a profile shows, as plain values. Whoever fills it formats nothing and escapes nothing.
///
/// Times from the beginning of the run are seconds; latencies milliseconds; memory megabytes of 2^20 bytes.
public struct ProfileContent: Sendable, Equatable {
  /// The pipeline's name.
  public var pipeline: String
  /// Version of edgepipe.
  public var version: String
  /// The machine on one line, such as `AMD EPYC, 2 cores, 3900 MB, Debian GNU/Linux 12`.
  public var machine: String
  /// Cores that the program may use.
  public var cores: Int
  /// Inference engines with their versions; empty when no stage runs a model.
  public var engines: [String]
  /// Wall-clock time of the start, ISO 8601.
  public var startedAt: String
  public var wallS: Double
  /// Delivered frames a second of the whole run.
  public var fps: Double
  /// Seconds of media done in a second.
  public var realtimeFactor: Double
  public var admitted: Int
  public var delivered: Int
  public var dropped: Int
  public var failed: Int
  /// CPU seconds of the whole process, at least the sum of the stages'.
  public var cpuS: Double
  public var peakMemoryMB: Double
  /// Nil when nothing was measured or estimated.
  public var power: ProfilePower?
  public var bottleneck: ProfileBottleneck
  /// In the order of the pipeline.
  public var stages: [ProfileStage]
  /// In the order of time.
  public var timeline: [ProfileMoment]
  public var streams: [ProfileStream]
  /// What could not be measured, and why: one sentence each.
  public var notes: [String]

  public init(
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
public struct ProfilePower: Sendable, Equatable {
  /// How it is known: `measured: rapl, package-0`, or `estimated: ...`.
  public var source: String
  public var meanW: Double
  public var energyJ: Double
  public var idleJ: Double
  public var otherJ: Double
  /// The pipeline's `budget.powerW`.
  public var budgetW: Double?

  public init(source: String, meanW: Double, energyJ: Double, idleJ: Double, otherJ: Double, budgetW: Double?) {
    self.source = source
    self.meanW = meanW
    self.energyJ = energyJ
    self.idleJ = idleJ
    self.otherJ = otherJ
    self.budgetW = budgetW
  }
}

/// What keeps the pipeline from being faster.
public struct ProfileBottleneck: Sendable, Equatable {
  /// One sentence.
  public var headline: String
  /// The reasons, and what would help: one sentence each.
  public var details: [String]

  public init(headline: String, details: [String]) {
    self.headline = headline
    self.details = details
  }
}

/// Percentiles of a duration, in milliseconds.
public struct ProfilePercentiles: Sendable, Equatable {
  public var p50: Double
  public var p95: Double
  public var p99: Double
  public var max: Double

  public init(p50: Double, p95: Double, p99: Double, max: Double) {
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.max = max
  }
}

/// One stage of the pipeline over the whole run.
public struct ProfileStage: Sendable, Equatable {
  public var id: String
  /// Such as `detect.yolo`.
  public var type: String
  public var role: StageRole
  public var workers: Int
  public var framesIn: Int
  public var framesOut: Int
  /// Frames by the reason of their loss, such as `late`; reasons without frames are left out.
  public var dropped: [String: Int]
  public var failed: Int
  /// Frames passed on a second of the whole run.
  public var fps: Double
  /// Milliseconds of the work itself.
  public var service: ProfilePercentiles
  /// Milliseconds of waiting in the stage's queue; nil for a source, which has none.
  public var queue: ProfilePercentiles?
  /// Frames that its queue holds; nil for a source.
  public var queueCapacity: Int?
  public var cpuMsPerFrame: Double
  /// CPU seconds of all its threads, loading models included.
  public var cpuS: Double
  /// Share of its workers' time that was spent at work, 0 to 1.
  public var utilisation: Double
  public var energyJ: Double?
  public var powerW: Double?
  /// Processor instructions; nil where no counter could be read.
  public var instructionsPerFrame: Double?

  public init(
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
public struct ProfileLoss: Sendable, Equatable {
  public var stage: String
  public var reason: String
  public var perSecond: Double

  public init(stage: String, reason: String, perSecond: Double) {
    self.stage = stage
    self.reason = reason
    self.perSecond = perSecond
  }
}

/// One reading of the time line: rates are those since the reading before, everything else is of the instant.
public struct ProfileMoment: Sendable, Equatable {
  /// Since the beginning of the run.
  public var seconds: Double
  public var deliveredPerSecond: Double
  /// Places without losses may be left out.
  public var droppedPerSecond: [ProfileLoss]
  /// Frames that wait, by stage.
  public var queueDepth: [String: Int]
  public var watts: Double?
  public var rssMB: Double

  public init(
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
public struct ProfileStream: Sendable, Equatable {
  public var id: String
  /// Milliseconds from the capture instant to the end of the last sink's work, delivered frames only.
  public var latency: ProfilePercentiles
  /// Share of the frames with a deadline that met it; nil without such frames.
  public var attainment: Double?
  public var delivered: Int
  public var dropped: Int

  public init(id: String, latency: ProfilePercentiles, attainment: Double?, delivered: Int, dropped: Int) {
    self.id = id
    self.latency = latency
    self.attainment = attainment
    self.delivered = delivered
    self.dropped = dropped
  }
}
