/// How far a run falls short of its sources, and which of its stages holds the frames up.
struct Slowness: Sendable {
  /// What shows it.
  enum Limit: Sendable {
    /// The stage is at work nearly all the time.
    case rate(StageView)
    /// Frames take longer than they may although no stage is at work all the time; the stage takes the most of it.
    case deadline(StageView, deadlineMs: Double)
    /// A queue of the stage overflows although it has time.
    case burst(StageView)
    /// A live source finds no place for its frames although every stage has time.
    case credits(StreamView)
    case unknown
  }

  /// A stage that works for this share of its time is busy: some waiting lies between any two frames. `edgepipe profile`
  /// uses the same.
  static let busyShare = 0.75
  /// Fewer lost frames of live streams are accidents. As for `edgepipe profile`.
  static let leastLost = 0.01
  /// A file that is a tenth slower than its own time would not be watched as a camera.
  static let leastShortfall = 0.1
  /// Starting and draining take much of a shorter run of a file.
  static let leastSeconds = 1.0
  /// A stage drops frames once less is left of their deadline than it usually takes.
  static let deadlineShare = 0.8

  static let overload: Set<String> = ["late", "queue-oldest", "queue-newest", "no-credit"]

  let run: RunView
  /// The share of the frames that are lost or late, or by which a file is slower than its own time.
  let harm: Double
  let limit: Limit
  let isLive: Bool
  /// What the user notices.
  let figures: [DoctorFinding.Figure]

  /// Nil for a run that keeps up with its sources.
  init?(_ run: RunView) {
    self.run = run
    let live = run.streams.filter(\.isLive), files = run.streams.filter { !$0.isLive }
    let admitted = live.reduce(0) { $0 + Double($1.admitted) }
    let lost = live.reduce(0) { sum, stream in sum + Self.lost(stream) }
    let late = live.reduce(0) { $0 + Double($1.late) }
    let liveHarm = admitted > 0 ? min(1, (lost + late) / admitted) : 0
    let mediaS = files.map(\.mediaS).max() ?? 0
    let shortfall = run.wallS >= Self.leastSeconds && mediaS > 0 ? 1 - mediaS / run.wallS : 0

    if liveHarm >= Self.leastLost {
      isLive = true
      harm = liveHarm
      var figures = [
        DoctorFinding.Figure(
          "lost_share", lost / admitted,
          "\(Words.count(lost)) of \(Words.count(admitted)) frames of live streams are lost (\(Words.percent(lost / admitted)))"
        )
      ]
      if late > 0 {
        figures.append(.init("late", late, "\(Words.count(late)) frames are delivered after their deadline"))
      }
      self.figures = figures
      limit = Self.liveLimit(run, live)
    } else if shortfall >= Self.leastShortfall, let busiest = Self.busiest(run),
      busiest.utilisation(wallS: run.wallS) >= Self.busyShare
    {
      // A file has all the time that it needs: only a stage that is busy makes it slow.
      isLive = false
      harm = shortfall
      figures = [
        DoctorFinding.Figure(
          "realtime_factor", mediaS / run.wallS,
          "\(Words.number(mediaS)) s of video take \(Words.number(run.wallS)) s: a camera like it would lose frames")
      ]
      limit = .rate(busiest)
    } else {
      return nil
    }
  }

  private static func lost(_ stream: StreamView) -> Double {
    stream.dropped.reduce(0) { overload.contains($1.key) ? $0 + Double($1.value) : $0 }
  }

  /// A live source is at work while it waits for its camera, and so left out.
  private static func busiest(_ run: RunView) -> StageView? {
    let live = Set(run.streams.filter(\.isLive).map(\.source))
    return run.stages.filter { !live.contains($0.id) }
      .max { $0.utilisation(wallS: run.wallS) < $1.utilisation(wallS: run.wallS) }
  }

  private static func liveLimit(_ run: RunView, _ live: [StreamView]) -> Limit {
    func count(_ reasons: String...) -> Double {
      live.reduce(0) { sum, stream in sum + reasons.reduce(0) { $0 + Double(stream.dropped[$1] ?? 0) } }
    }
    let admitted = live.reduce(0) { $0 + Double($1.admitted) }
    let late = count("late") + live.reduce(0) { $0 + Double($1.late) }
    let full = count("queue-oldest", "queue-newest"), refused = count("no-credit")
    let deadlineMs = late >= leastLost * admitted ? live.compactMap(\.deadlineMs).min() : nil
    let longest = workers(run).max { $0.busyMsPerFrame < $1.busyMsPerFrame }
    // A stage that takes longer than a frame has gets hardly any: what comes to it says nothing of what it should do, and
    // where stages before it wait for a core, most are lost in their queues.
    if let deadlineMs, let longest, longest.busyMsPerFrame > deadlineShare * deadlineMs {
      return .deadline(longest, deadlineMs: deadlineMs)
    }
    // One that could not do it with cores of its own either is slow, however little of the time it got one.
    let slow = workers(run).filter { (run.fit(of: $0) ?? 1) < 1 }
    if let busiest = busiest(run), busiest.utilisation(wallS: run.wallS) >= busyShare {
      return .rate(mostToBlame(slow, busiest, run))
    }
    if late >= full, late >= refused, let deadlineMs, let longest { return .deadline(longest, deadlineMs: deadlineMs) }
    if let first = slow.first { return .rate(mostToBlame(slow, first, run)) }
    if refused > full, let stream = live.max(by: { ($0.dropped["no-credit"] ?? 0) < ($1.dropped["no-credit"] ?? 0) }) {
      return .credits(stream)
    }
    func overflow(_ stage: StageView) -> Double {
      Double(stage.dropped["queue-oldest"] ?? 0) + Double(stage.dropped["queue-newest"] ?? 0)
    }
    return run.stages.max { overflow($0) < overflow($1) }.map(Limit.burst) ?? .unknown
  }

  /// Where other programs take the cores, every stage is at work for long: the one counts that falls short by itself.
  private static func mostToBlame(_ slow: [StageView], _ first: StageView, _ run: RunView) -> StageView {
    slow.reduce(first) { run.ownShare(of: $1) > run.ownShare(of: $0) ? $1 : $0 }
  }

  static func workers(_ run: RunView) -> [StageView] { run.stages.filter { $0.role != .source && $0.worked > 0 } }
}
