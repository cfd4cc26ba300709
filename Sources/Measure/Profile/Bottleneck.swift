import Pipeline

/// What keeps a run from being faster, what that costs, and what would relieve it.
package struct Bottleneck: Sendable, Hashable {
  enum Limit: Sendable, Hashable {
    /// Nothing ran.
    case nothing
    /// The sources bring no more frames, and none is lost: the pipeline is fast enough.
    case sources
    /// One stage is at work nearly all the time.
    case stage(String)
    /// Every core is busy: more workers do not help.
    case cores
    /// Frames take longer than they may, though no stage is at work all the time.
    case deadline
    /// Frames come in bursts that a stage's queue does not hold, though the stage has time.
    case queue(String)
    /// Too few frames may be on their way at once to keep the stages busy.
    case framesInFlight
    /// No part stands out.
    case spread
  }

  let limit: Limit
  /// One sentence.
  package let headline: String
  /// What it costs: sentences.
  package let costs: [String]
  /// What would help: sentences, the most useful first.
  package let reliefs: [String]
  /// Frames a second that the next limit would allow without this one; nil where there is none to take away.
  let nextFPS: Double?
}

extension Bottleneck {
  /// A stage that works for this share of its time limits the pipeline; some waiting lies between any two frames.
  static let busyShare = 0.75
  /// Of the cores.
  static let saturatedShare = 0.9
  /// A stage whose work is CPU time to this share got a core whenever it wanted one.
  static let runningShare = 0.9
  /// A source that pauses for this share of its time keeps time: the pipeline waits for it.
  static let pausedShare = 0.05
  /// Fewer losses are accidents.
  static let lostShare = 0.01
  /// Of the limit on frames in flight, by Little's law: frames on their way = frames a second x latency.
  static let inFlightShare = 0.8

  /// Finds what limits a run.
  ///
  /// Losses come first: a live pipeline that keeps up is limited by its cameras, whatever is busy. Then the cores,
  /// since a stage that waits for one seems busy; then the busiest stage.
  init(_ load: RunLoad) {
    let finding = BottleneckFinding(load)
    self =
      switch finding.limit {
      case .nothing:
        Bottleneck(
          limit: .nothing, headline: "nothing ran: no frame was admitted", costs: [], reliefs: [], nextFPS: nil)
      case .sources: finding.describeSources()
      case .stage(let id): finding.describeStage(id)
      case .cores: finding.describeCores()
      case .deadline: finding.describeDeadline()
      case .queue(let id): finding.describeQueue(id)
      case .framesInFlight: finding.describeFramesInFlight()
      case .spread: finding.describeSpread()
      }
  }
}

/// Decides which limit it is.
struct BottleneckFinding {
  let load: RunLoad
  let limit: Bottleneck.Limit
  let model: CapacityModel
  let areCoresTaken: Bool
  /// Frames that were lost because the pipeline was too slow for its sources.
  let lost: Int
  /// The stage with the highest utilisation.
  let busiest: StageLoad?

  /// Losses that more speed, or more room, would have prevented.
  private static let overload: Set<DropReason> = [.late, .oldest, .newest, .noCredit]

  init(_ load: RunLoad) {
    self.load = load
    // A live source is at work while it waits for its camera.
    let busiest = load.stages.filter { !($0.waiting?.isLive ?? false) }.max { $0.utilisation < $1.utilisation }
    let isBusy = (busiest?.utilisation ?? 0) >= Bottleneck.busyShare
    let saturated = Bottleneck.saturatedShare * load.cores
    // Where others fill what is left of the cores, a stage that never waits for one is limited by its workers.
    let isRunning = isBusy && busiest.map { $0.cpuS >= Bottleneck.runningShare * $0.busyS } ?? false
    areCoresTaken =
      load.cores > 0
      && (load.busyCores >= saturated || (load.busyCores + load.otherCores >= saturated && !isRunning))
    self.busiest = busiest
    lost = load.stages.reduce(0) { sum, stage in
      sum + stage.dropped.reduce(0) { Self.overload.contains($1.key) ? $0 + $1.value : $0 }
    }
    let isPaced = Self.isPaced(load)
    model = CapacityModel(load: load, countsCPU: areCoresTaken, isPaced: isPaced)
    let isLosing = Double(lost) > Bottleneck.lostShare * Double(load.admitted)

    if load.admitted == 0 || load.wallS <= 0 {
      limit = .nothing
    } else if isPaced, !isLosing {
      limit = .sources
    } else if areCoresTaken {
      limit = .cores
    } else if let busiest, isBusy {
      limit = .stage(busiest.id)
    } else if isLosing {
      limit = Self.lossLimit(load)
    } else if load.fps * load.meanLatencyS >= Bottleneck.inFlightShare * Double(load.framesInFlight) {
      limit = .framesInFlight
    } else {
      limit = .spread
    }
  }

  private static func isPaced(_ load: RunLoad) -> Bool {
    let sources = load.stages.filter { $0.waiting != nil }
    guard !sources.isEmpty else { return false }
    return sources.allSatisfy { source in
      guard let waiting = source.waiting else { return false }
      if waiting.isLive { return true }
      let time = source.busyS + waiting.pausedS + waiting.blockedS
      return time > 0 && waiting.pausedS / time >= Bottleneck.pausedShare
    }
  }

  /// What made frames go missing where everybody had time.
  private static func lossLimit(_ load: RunLoad) -> Bottleneck.Limit {
    func count(_ reasons: DropReason...) -> Int {
      load.stages.reduce(0) { sum, stage in sum + reasons.reduce(0) { $0 + (stage.dropped[$1] ?? 0) } }
    }
    let late = count(.late), full = count(.oldest, .newest), refused = count(.noCredit)
    if late >= full, late >= refused { return .deadline }
    if refused > full { return .framesInFlight }
    let worst = load.stages.max { first, second in
      func lost(_ stage: StageLoad) -> Int { (stage.dropped[.oldest] ?? 0) + (stage.dropped[.newest] ?? 0) }
      return lost(first) < lost(second)
    }
    return worst.map { .queue($0.id) } ?? .spread
  }
}
