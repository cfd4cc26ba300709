import Pipeline

/// What a run did with its time: everything that a bottleneck is found from, as plain values.
struct RunLoad: Sendable, Hashable {
  var wallS: Double
  /// Cores that the program may use; a quota makes it a fraction.
  var cores: Double
  /// CPU seconds of the program from the moment when all stages were ready.
  var processCPUS: Double
  /// CPU seconds of other programs in the same time; nil where that is not known.
  var otherProgramsCPUS: Double?
  var admitted: Int
  var delivered: Int
  /// Frames that may be on their way at once, over all streams.
  var framesInFlight: Int
  /// From the capture of a frame to its delivery.
  var meanLatencyS: Double
  var medianLatencyMs: Double
  var deadlineMs: Double?
  /// The processor multiplies 8-bit integers in one instruction.
  var hasInt8DotProduct: Bool
  /// In the order of the pipeline.
  var stages: [StageLoad]

  init(
    wallS: Double, cores: Double, processCPUS: Double, otherProgramsCPUS: Double? = nil, admitted: Int, delivered: Int,
    framesInFlight: Int, meanLatencyS: Double, medianLatencyMs: Double, deadlineMs: Double? = nil,
    hasInt8DotProduct: Bool = false, stages: [StageLoad]
  ) {
    self.wallS = wallS
    self.cores = cores
    self.processCPUS = processCPUS
    self.otherProgramsCPUS = otherProgramsCPUS
    self.admitted = admitted
    self.delivered = delivered
    self.framesInFlight = framesInFlight
    self.meanLatencyS = meanLatencyS
    self.medianLatencyMs = medianLatencyMs
    self.deadlineMs = deadlineMs
    self.hasInt8DotProduct = hasInt8DotProduct
    self.stages = stages
  }

  /// Delivered frames a second.
  var fps: Double { wallS > 0 ? Double(delivered) / wallS : 0 }
  /// Frames a second that the sources brought.
  var offeredFPS: Double { wallS > 0 ? Double(admitted) / wallS : 0 }

  /// Cores that the program kept busy, on average.
  var busyCores: Double { wallS > 0 ? processCPUS / wallS : 0 }
  /// Cores that other programs kept busy, on average.
  var otherCores: Double { wallS > 0 ? (otherProgramsCPUS ?? 0) / wallS : 0 }
  /// Cores that nobody used, on average.
  var freeCores: Double { max(0, cores - busyCores - otherCores) }
}

/// What one stage did with its time.
struct StageLoad: Sendable, Hashable {
  /// What a source waits for beside its work.
  struct Waiting: Sendable, Hashable {
    var isLive: Bool
    /// Seconds until frames were due, over all streams.
    var pausedS: Double
    /// Seconds until there was a place for a frame, over all streams.
    var blockedS: Double

    init(isLive: Bool, pausedS: Double, blockedS: Double) {
      self.isLive = isLive
      self.pausedS = pausedS
      self.blockedS = blockedS
    }
  }

  var id: String
  var type: String
  var role: StageRole
  /// Threads that work on frames; of a source, its streams.
  var workers: Int
  var maximumWorkers: Int
  /// Frames on which it worked; of a source, those that it brought.
  var worked: Int
  /// Frames that the sources which lead to it brought.
  var offered: Int
  /// Seconds of work, over all workers.
  var busyS: Double
  /// CPU seconds of all its threads since its workers were ready.
  var cpuS: Double
  /// 0 to 1: see `PipelineRunner.Snapshot.utilisation(of:)`.
  var utilisation: Double
  var dropped: [DropReason: Int]
  /// Nil for all but sources.
  var waiting: Waiting?
  /// It takes frames in order, and so has one worker.
  var needsOrder: Bool
  var tips: [StageTip]

  init(
    id: String, type: String, role: StageRole, workers: Int = 1, maximumWorkers: Int = 1, worked: Int, offered: Int,
    busyS: Double, cpuS: Double, utilisation: Double, dropped: [DropReason: Int] = [:], waiting: Waiting? = nil,
    needsOrder: Bool = false, tips: [StageTip] = []
  ) {
    self.id = id
    self.type = type
    self.role = role
    self.workers = workers
    self.maximumWorkers = maximumWorkers
    self.worked = worked
    self.offered = offered
    self.busyS = busyS
    self.cpuS = cpuS
    self.utilisation = utilisation
    self.dropped = dropped
    self.waiting = waiting
    self.needsOrder = needsOrder
    self.tips = tips
  }
}
