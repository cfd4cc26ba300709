import EdgepipeCore
import Pipeline

/// One stream whose detections are watched: its baseline, its last while, and whether something is wrong.
struct WatchedScores {
  /// A change to tell, with the figures that say so.
  struct Told {
    fileprivate let change: FaultLatch<ScoreFault>.Change
    fileprivate let figures: DriftFigures
    fileprivate let rules: DriftRules
    fileprivate let stream: String
  }

  /// A longer pause counts as so much of the time to learn, in nanoseconds.
  private static let longestStep: Int64 = 60_000_000_000

  private let configuration: ScoreMonitor.Configuration
  private let rules: DriftRules
  private let stream: String
  private var baseline: ScoreTally?
  private var window: ScoreWindow
  // What lasts is seen by the window; one look at it is enough.
  private var drift = FaultLatch<ScoreFault>(hold: 0, clear: 0)
  private var confidence = FaultLatch<ScoreFault>(hold: 0, clear: 0)
  private var last: MediaTime?

  /// While there is no baseline.
  private var learned = ScoreTally()
  private var learnedTime: Int64 = 0
  private var from: Int64?
  /// Until it has been handed over to be written.
  private var newBaseline: ScoreBaselines.Baseline?
  private var judged: DriftFigures?

  init(_ configuration: ScoreMonitor.Configuration, stream: String, baseline: ScoreTally?) {
    (self.configuration, self.stream, self.baseline) = (configuration, stream, baseline)
    rules = DriftRules(limit: configuration.limit, change: configuration.confidence)
    window = ScoreWindow(seconds: configuration.windowS)
  }

  /// The stream's time has jumped. Its camera is the same, and so is what is usual.
  mutating func restart() {
    last = nil
    drift.restart()
    confidence.restart()
  }

  mutating func take(_ frame: Frame) -> [Told] {
    let header = frame.header, time = header.mediaTime
    if let last, time.seconds - last.seconds < configuration.everyMs / 1e3 - 1e-6 { return [] }
    let step = last.map { min(Self.longestStep, max(0, time.nanoseconds - $0.nanoseconds)) } ?? 0
    last = time
    let detections = frame.results.lazy.flatMap(\.detections).filter { !$0.isPredicted }
    guard let baseline else {
      from = from ?? header.capturedWall.nanoseconds
      learned.add(detections, width: header.width, height: header.height)
      learnedTime += step
      if Double(learnedTime) / 1e9 >= configuration.learnMinutes * 60 { settle() }
      return []
    }
    let isComplete = window.advance(to: time)
    window.add(detections, width: header.width, height: header.height)
    guard isComplete, window.isFull else { return [] }
    return judge(baseline, at: Moment(header))
  }

  private mutating func judge(_ baseline: ScoreTally, at moment: Moment) -> [Told] {
    let figures = DriftFigures(
      window.all, recent: window.recent, baseline, limit: configuration.limit, least: configuration.minDetections)
    judged = figures
    var changes: [FaultLatch<ScoreFault>.Change] = []
    if let sign = rules.drift(figures) { changes += drift.take(sign, at: moment) }
    if let sign = rules.confidence(figures) { changes += confidence.take(sign, at: moment) }
    return changes.map { Told(change: $0, figures: figures, rules: rules, stream: stream) }
  }

  private mutating func settle() {
    guard learned.detections >= configuration.minDetections, let from else { return }
    baseline = learned
    newBaseline = ScoreBaselines.Baseline(from: from, tally: learned)
    learned = ScoreTally()
  }

  /// What has just been learned; once.
  mutating func takeBaseline() -> ScoreBaselines.Baseline? {
    defer { newBaseline = nil }
    return newBaseline
  }

  /// What has just been judged; once.
  mutating func takeFigures() -> DriftFigures? {
    defer { judged = nil }
    return judged
  }

  /// What was learned so far, where that is enough: a recording may be shorter than the time to learn.
  mutating func finish() -> ScoreBaselines.Baseline? {
    if baseline == nil { settle() }
    return takeBaseline()
  }
}

extension WatchedScores.Told {
  var fault: ScoreFault {
    switch change {
    case .begins(let fault, _), .ends(let fault, _, _): fault
    }
  }

  var isBeginning: Bool { if case .begins = change { true } else { false } }

  /// The change as everybody is told it.
  func change(stage: String) -> FaultChange {
    switch change {
    case .begins(let fault, let since):
      FaultChange(
        fault.rawValue, stage: stage, stream: stream, since: since.wall, figures: figures.told(fault, rules),
        message: figures.message(fault, rules, stream: stream))
    case .ends(let fault, let since, let until):
      FaultChange(
        fault.rawValue, stage: stage, stream: stream, since: since.wall,
        over: Double(until.nanoseconds(since: since)) / 1e9, figures: figures.told(fault, rules),
        message: "what is detected in '\(stream)' is as usual again")
    }
  }
}

extension DriftFigures {
  /// - Parameter fault: whose limits are told; nil for none.
  func told(_ fault: ScoreFault?, _ rules: DriftRules) -> [FaultChange.Figure] {
    let isDrift = fault == .drift
    var told = Feature.allCases.compactMap { feature in
      indices[feature].map {
        FaultChange.Figure("psi_\(feature.rawValue)", $0, limit: isDrift ? rules.limit : nil)
      }
    }
    if let unseen { told.append(.init("unseen_share", unseen, limit: isDrift ? DriftRules.unseenLimit : nil)) }
    if let meanScore, let usualScore {
      told.append(.init("mean_score", meanScore))
      told.append(.init("usual_score", usualScore))
      told.append(
        .init("score_change", abs(meanScore - usualScore), limit: fault == .confidence ? rules.change : nil))
    }
    return told
  }

  fileprivate func message(_ fault: ScoreFault, _ rules: DriftRules, stream: String) -> String {
    func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
    switch fault {
    case .drift:
      var reasons = Feature.allCases.compactMap { feature in
        indices[feature].flatMap { $0 >= rules.limit ? "\(feature.words) \(rounded($0))" : nil }
      }
      if reasons.isEmpty {
        reasons = ["\(Int(((unseen ?? 0) * 100).rounded())) % are unlike any that the baseline knows"]
      } else {
        reasons[0] = "stability index of " + reasons[0]
      }
      return "what is detected in '\(stream)' has drifted from its baseline: \(reasons.joined(separator: ", "))"
    case .confidence:
      return """
        the mean score in '\(stream)' is \(rounded(meanScore ?? 0)), usually \(rounded(usualScore ?? 0)): other inputs, or \
        such as are made to mislead the model
        """
    }
  }
}

extension DriftFigures.Feature {
  fileprivate var words: String {
    switch self {
    case .score: "scores"
    case .label: "labels"
    case .size: "sizes"
    case .count: "detections a frame"
    }
  }
}
