/// What the parts of a pipeline could do at most, in frames a second of the whole pipeline.
///
///     stage = workers / (work a frame x frames that reach it a frame of the pipeline)
///     cores = cores that other programs leave / CPU time of one frame in all stages
///
/// The times are those of the run: a stage that would get more of the caches or a faster clock does a little better.
struct CapacityModel {
  /// A part of the pipeline that limits its speed.
  enum Part: Hashable {
    case stage(String)
    case cores
    /// The sources bring no more.
    case sources
  }

  /// A stage's work, changed in thought.
  struct Change {
    var stage: String
    /// Times its workers.
    var workers = 1.0
    /// Times its work; 0 takes the stage away.
    var work = 1.0
  }

  let load: RunLoad
  /// The cores are taken: work is counted by CPU time, since the rest was waiting for one.
  let countsCPU: Bool
  /// The sources bring frames at a speed of their own.
  let isPaced: Bool

  /// The same machine without the other programs.
  var withoutOthers: CapacityModel {
    var quiet = load
    quiet.otherProgramsCPUS = 0
    return CapacityModel(load: quiet, countsCPU: countsCPU, isPaced: isPaced)
  }

  /// The part that limits the pipeline, and at which speed; nil where no stage worked on a frame.
  func limit(_ changes: [Change] = []) -> (part: Part, fps: Double)? {
    var limits = load.stages.compactMap { stage in
      capacity(of: stage, changes).map { (part: Part.stage(stage.id), fps: $0) }
    }
    guard !limits.isEmpty else { return nil }
    if let cores = capacityOfCores(changes) { limits.append((.cores, cores)) }
    if isPaced { limits.append((.sources, load.offeredFPS)) }
    return limits.min { $0.fps < $1.fps }
  }

  private func capacity(of stage: StageLoad, _ changes: [Change]) -> Double? {
    guard stage.worked > 0, stage.offered > 0, load.admitted > 0 else { return nil }
    let isLive = stage.waiting?.isLive ?? false
    // A live source waits for its camera in the midst of its work.
    let work = countsCPU || isLive ? min(stage.busyS, stage.cpuS) : stage.busyS
    let frame = work / Double(stage.worked) * factor(stage, changes, \.work)
    let share = Double(stage.offered) / Double(load.admitted)
    guard frame * share > 0 else { return nil }
    return Double(max(1, stage.workers)) * factor(stage, changes, \.workers) / (frame * share)
  }

  private func capacityOfCores(_ changes: [Change]) -> Double? {
    guard load.admitted > 0 else { return nil }
    let inStages = load.stages.reduce(0) { $0 + $1.cpuS }
    var frame = max(0, load.processCPUS - inStages) / Double(load.admitted)
    for stage in load.stages where stage.worked > 0 {
      let share = Double(stage.offered) / Double(load.admitted)
      frame += stage.cpuS / Double(stage.worked) * share * factor(stage, changes, \.work)
    }
    return frame > 0 ? max(0, load.cores - load.otherCores) / frame : nil
  }

  private func factor(_ stage: StageLoad, _ changes: [Change], _ key: KeyPath<Change, Double>) -> Double {
    changes.reduce(1) { $1.stage == stage.id ? $0 * $1[keyPath: key] : $0 }
  }
}
