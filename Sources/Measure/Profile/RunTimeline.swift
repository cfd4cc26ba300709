import Pipeline

/// The figures of a run at one moment; counts are those since the beginning.
package struct TimelineSample: Sendable, Hashable {
  /// Since the beginning of the run.
  package var seconds: Double
  var delivered: Int
  /// Lost frames by place.
  var dropped: [Ledger.Place: Int]
  var failed: Int
  var detections: Int
  /// Frames that wait, by stage.
  var queueDepth: [String: Int]
  /// The latest reading.
  var watts: Double?
  var rssMB: Double

  init(
    seconds: Double, delivered: Int, dropped: [Ledger.Place: Int] = [:], failed: Int = 0, detections: Int = 0,
    queueDepth: [String: Int] = [:], watts: Double? = nil, rssMB: Double = 0
  ) {
    self.seconds = seconds
    self.delivered = delivered
    self.dropped = dropped
    self.failed = failed
    self.detections = detections
    self.queueDepth = queueDepth
    self.watts = watts
    self.rssMB = rssMB
  }

  init(_ glance: PipelineRunner.Glance, rssMB: Double) {
    self.init(
      seconds: glance.elapsedSeconds, delivered: glance.ledger.delivered, dropped: glance.ledger.dropped,
      failed: glance.ledger.failedTotal, detections: glance.detections, queueDepth: glance.queueDepth,
      watts: glance.watts, rssMB: rssMB)
  }
}

/// Samples of a run at a steady beat, in bounded memory: when there are too many, every other one goes and the beat
/// becomes half as fast.
package struct RunTimeline: Sendable {
  package private(set) var samples: [TimelineSample] = []
  private let limit: Int
  /// Of so many samples one is kept.
  private var stride = 1
  private var offered = 0

  init(limit: Int = 2400) { self.limit = max(2, limit) }

  /// - Parameter isLast: kept in any case, since it has the final counts.
  mutating func add(_ sample: TimelineSample, isLast: Bool = false) {
    defer { offered += 1 }
    guard isLast || offered % stride == 0 else { return }
    if isLast { joinLastBeat(until: sample.seconds) }
    samples.append(sample)
    guard samples.count > limit else { return }
    let last = samples.count - 1
    samples = samples.indices.filter { $0 % 2 == 0 || (isLast && $0 == last) }.map { samples[$0] }
    stride *= 2
  }

  /// The run ends soon after a beat: a few frames in next to no time would be a rate that never was.
  private mutating func joinLastBeat(until end: Double) {
    guard samples.count >= 2 else { return }
    let last = samples[samples.count - 1].seconds, before = samples[samples.count - 2].seconds
    if end - last < (last - before) / 2 { samples.removeLast() }
  }

  /// From each sample to the next that is later, beginning with the run.
  var intervals: [TimelineInterval] {
    zip([TimelineSample(seconds: 0, delivered: 0)] + samples, samples).compactMap { TimelineInterval(from: $0, to: $1) }
  }

  /// As the page shows them.
  var moments: [ProfileMoment] {
    intervals.map { interval in
      ProfileMoment(
        seconds: interval.to.seconds, deliveredPerSecond: interval.deliveredPerSecond,
        droppedPerSecond: interval.droppedPerSecond, queueDepth: interval.to.queueDepth, watts: interval.to.watts,
        rssMB: interval.to.rssMB)
    }
  }
}

/// What happened between two samples.
struct TimelineInterval: Sendable, Hashable {
  let from: TimelineSample
  let to: TimelineSample
  private let seconds: Double

  /// Nil when no time lies between them.
  init?(from: TimelineSample, to: TimelineSample) {
    guard to.seconds > from.seconds else { return nil }
    self.from = from
    self.to = to
    seconds = to.seconds - from.seconds
  }

  var deliveredPerSecond: Double { Double(to.delivered - from.delivered) / seconds }
  var detectionsPerSecond: Double { Double(to.detections - from.detections) / seconds }

  /// By place; places without losses are left out.
  var droppedPerSecond: [ProfileLoss] {
    let losses = to.dropped.compactMap { place, count -> ProfileLoss? in
      let lost = count - (from.dropped[place] ?? 0)
      return lost > 0
        ? ProfileLoss(stage: place.stage, reason: place.reason.rawValue, perSecond: Double(lost) / seconds) : nil
    }
    return losses.sorted { ($0.stage, $0.reason) < ($1.stage, $1.reason) }
  }
}
