/// Makes a long time line short enough for a page.
enum TimelineThinning {
  /// As many points as a chart on a wide screen can show, and half as many pixels.
  static let limit = 500

  /// At most `limit` moments, each of which stands for a run of the given ones.
  ///
  /// Rates and power are means over the time of the run, so that frames and energy stay as many as they were. Queue
  /// depths and memory are the highest of the run, so that no peak is lost.
  static func thinned(_ moments: [ProfileMoment], to limit: Int = limit) -> [ProfileMoment] {
    guard limit > 0, moments.count > limit else { return moments }
    var result: [ProfileMoment] = []
    var start = 0
    var before = 0.0
    for index in 0..<limit {
      // Runs differ by one at most.
      let end = moments.count * (index + 1) / limit
      let run = moments[start..<end]
      if let merged = merged(run, since: before) { result.append(merged) }
      before = run.last?.seconds ?? before
      start = end
    }
    return result
  }

  private static func merged(_ run: ArraySlice<ProfileMoment>, since start: Double) -> ProfileMoment? {
    guard let last = run.last else { return nil }
    var before = start
    var delivered = 0.0
    var joules = 0.0
    var metered = 0.0
    var losses: [Place: Double] = [:]
    var depths: [String: Int] = [:]
    var memory = last.rssMB
    for moment in run {
      let seconds = max(0, moment.seconds - before)
      before = moment.seconds
      delivered += moment.deliveredPerSecond * seconds
      for loss in moment.droppedPerSecond {
        losses[Place(stage: loss.stage, reason: loss.reason), default: 0] += loss.perSecond * seconds
      }
      if let watts = moment.watts {
        joules += watts * seconds
        metered += seconds
      }
      depths.merge(moment.queueDepth) { max($0, $1) }
      memory = max(memory, moment.rssMB)
    }
    let seconds = last.seconds - start
    guard seconds > 0 else { return last }
    return ProfileMoment(
      seconds: last.seconds, deliveredPerSecond: delivered / seconds,
      droppedPerSecond: losses.sorted { $0.key < $1.key }.map {
        ProfileLoss(stage: $0.key.stage, reason: $0.key.reason, perSecond: $0.value / seconds)
      },
      queueDepth: depths, watts: metered > 0 ? joules / metered : nil, rssMB: memory)
  }
}

/// Where and why frames are lost.
struct Place: Hashable, Comparable {
  let stage: String
  let reason: String

  static func < (left: Place, right: Place) -> Bool { (left.stage, left.reason) < (right.stage, right.reason) }
}
