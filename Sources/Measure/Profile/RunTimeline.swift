import Pipeline

/// The figures of a run at one moment; counts are those since the beginning.
public struct TimelineSample: Sendable, Hashable {
  /// Since the beginning of the run.
  public var seconds: Double
  public var delivered: Int
  /// Lost frames by place.
  public var dropped: [Ledger.Place: Int]
  public var failed: Int
  public var detections: Int
  /// Frames that wait, by stage.
  public var queueDepth: [String: Int]
  /// The latest reading.
  public var watts: Double?
  public var rssMB: Double

  public init(
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

  public init(_ snapshot: PipelineRunner.Snapshot, rssMB: Double) {
    self.init(
      seconds: snapshot.elapsedSeconds, delivered: snapshot.ledger.delivered, dropped: snapshot.ledger.dropped,
      failed: snapshot.ledger.failedTotal, detections: snapshot.stages.reduce(0) { $0 + $1.values.detections },
      queueDepth: Dictionary(
        snapshot.stages.filter { $0.role != .source }.map { ($0.id, $0.queueDepth) },
        uniquingKeysWith: { first, _ in first }),
      watts: snapshot.livePower?.watts, rssMB: rssMB)
  }
}

/// Samples of a run at a steady beat, in bounded memory: when there are too many, every other one goes and the beat
/// becomes half as fast.
public struct RunTimeline: Sendable {
  public private(set) var samples: [TimelineSample] = []
  private let limit: Int
  /// Of so many samples one is kept.
  private var stride = 1
  private var offered = 0

  public init(limit: Int = 2400) { self.limit = max(2, limit) }

  /// - Parameter isLast: kept in any case, since it has the final counts.
  public mutating func add(_ sample: TimelineSample, isLast: Bool = false) {
    defer { offered += 1 }
    guard isLast || offered % stride == 0 else { return }
    samples.append(sample)
    guard samples.count > limit else { return }
    let last = samples.count - 1
    samples = samples.indices.filter { $0 % 2 == 0 || (isLast && $0 == last) }.map { samples[$0] }
    stride *= 2
  }

  /// What happened from each sample to the next, by the next one's time.
  public var moments: [ProfileMoment] {
    zip([TimelineSample(seconds: 0, delivered: 0)] + samples, samples).compactMap { before, now in
      let span = now.seconds - before.seconds
      guard span > 0 else { return nil }
      let losses = now.dropped.compactMap { place, count -> ProfileLoss? in
        let lost = count - (before.dropped[place] ?? 0)
        return lost > 0
          ? ProfileLoss(stage: place.stage, reason: place.reason.rawValue, perSecond: Double(lost) / span) : nil
      }
      return ProfileMoment(
        seconds: now.seconds, deliveredPerSecond: Double(now.delivered - before.delivered) / span,
        droppedPerSecond: losses.sorted { ($0.stage, $0.reason) < ($1.stage, $1.reason) }, queueDepth: now.queueDepth,
        watts: now.watts, rssMB: now.rssMB)
    }
  }
}
