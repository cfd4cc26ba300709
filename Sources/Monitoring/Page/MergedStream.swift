import Pipeline

/// One stream as the page shows it: streams of one name that came one after another are one, so that no series stands
/// there twice and no counter falls when a stream is removed and added again.
struct MergedStream {
  let id: String
  /// Of the latest.
  private(set) var latest: PipelineRunner.Snapshot.StreamFigures
  private(set) var latency: LatencyHistogram
  private(set) var queueing: LatencyHistogram
  private(set) var inTime: Int
  private(set) var late: Int
  private(set) var withDeadline: Int
  private(set) var detected: Int
  private(set) var faults: Int
  /// Of all of them together.
  let account: Ledger.Account

  private init(_ figures: PipelineRunner.Snapshot.StreamFigures, _ account: Ledger.Account) {
    let values = figures.values
    (id, latest, self.account) = (figures.id, figures, account)
    (latency, queueing) = (values.latency, values.queueing)
    (inTime, late, withDeadline) = (values.inTime, values.late, values.withDeadline)
    (detected, faults) = (values.detected, values.faults)
  }

  private mutating func add(_ figures: PipelineRunner.Snapshot.StreamFigures) {
    let values = figures.values
    latest = figures
    latency.merge(values.latency)
    queueing.merge(values.queueing)
    inTime += values.inTime
    late += values.late
    withDeadline += values.withDeadline
    detected += values.detected
    faults += values.faults
  }

  /// In the order in which the names came first.
  static func all(_ snapshot: PipelineRunner.Snapshot) -> [MergedStream] {
    var places: [String: Int] = [:]
    var streams: [MergedStream] = []
    for figures in snapshot.streamFigures {
      if let place = places[figures.id] {
        streams[place].add(figures)
      } else {
        places[figures.id] = streams.count
        streams.append(MergedStream(figures, snapshot.streams[figures.id] ?? Ledger.Account()))
      }
    }
    return streams
  }
}

extension PipelineRunner.Snapshot.StreamFigures {
  /// Files have no connection to lose: they stream until they end.
  var state: StreamState { isRunning ? values.health?.state ?? .streaming : .ended }
}
