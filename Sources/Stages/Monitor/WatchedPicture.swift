import EdgepipeCore
import Foundation
import Pipeline

/// One stream whose picture is watched: its past, and whether something is wrong.
struct WatchedPicture {
  private typealias Latch = FaultLatch<PictureFault>

  /// A longer pause between two looks counts as so much, in nanoseconds.
  private static let longestStep: Int64 = 10_000_000_000

  private let configuration: PictureMonitor.Configuration
  private let reported: Set<PictureFault>
  private var width: Int
  private var height: Int
  private var past = PicturePast()
  private var stillness = Stillness()
  private var latch: FaultLatch<PictureFault>
  private var looks = 0
  private var last: MediaTime?
  /// Media time that the stream was looked at for, in nanoseconds.
  private var watched: Int64 = 0
  /// Of the last look, for the events.
  private var figures: PictureFigures?

  init(_ configuration: PictureMonitor.Configuration, _ reported: Set<PictureFault>, _ header: FrameHeader) {
    (self.configuration, self.reported) = (configuration, reported)
    (width, height) = (header.width, header.height)
    latch = FaultLatch(
      hold: MediaTime(seconds: configuration.holdS).nanoseconds,
      clear: MediaTime(seconds: configuration.clearS).nanoseconds)
  }

  func isDue(_ header: FrameHeader) -> Bool {
    guard let last else { return true }
    return header.mediaTime.seconds - last.seconds >= configuration.everyMs / 1e3 - 1e-6
  }

  /// The stream's time has jumped, or its picture has another size: then what was usual says nothing any more.
  ///
  /// - Returns: the end of the fault that there was, where it ends with that.
  mutating func restart(_ header: FrameHeader) -> FaultLatch<PictureFault>.Change? {
    defer { last = nil }
    guard (width, height) != (header.width, header.height) else {
      stillness.forgetRun()
      latch.restart()
      return nil
    }
    (width, height) = (header.width, header.height)
    let end = latch.end(at: Moment(header))
    learnAnew()
    return end
  }

  private mutating func learnAnew() {
    (past, stillness) = (PicturePast(), Stillness())
    (looks, watched, figures) = (0, 0, nil)
  }

  /// - Returns: what to tell of it.
  mutating func take(_ picture: GreyPicture, at moment: Moment) -> [FaultLatch<PictureFault>.Change] {
    let step = last.map { min(Self.longestStep, max(0, moment.time.nanoseconds - $0.nanoseconds)) } ?? 0
    last = moment.time
    watched += step
    looks += 1
    let isLearning = Double(watched) / 1e9 < configuration.learnS
    // Exponential smoothing by media time; at the beginning all pictures count the same.
    let share = 1 - exp(-Double(step) / 1e9 / configuration.adaptS)
    let weight = isLearning ? max(share, 1 / Double(looks)) : share
    let difference = past.difference(to: picture)
    past.keep(picture)
    guard !isLearning else {
      stillness.take(difference, at: moment, weight: weight, learns: true)
      past.learn(picture, weight: weight)
      return []
    }
    let figures = past.compare(picture, difference: difference ?? 0)
    self.figures = figures
    let sign = sign(figures, difference, at: moment, weight: weight)
    var changes = latch.take(sign, at: moment)
    if let active = latch.active, active.fault == .turned,
      moment.nanoseconds(since: active.since) >= MediaTime(seconds: configuration.acceptS).nanoseconds,
      let end = latch.end(at: moment)
    {
      changes.append(end)
      learnAnew()
    } else if !latch.isSuspicious {
      past.learn(picture, weight: weight)
    }
    return changes
  }

  private mutating func sign(
    _ figures: PictureFigures, _ difference: Double?, at moment: Moment, weight: Double
  ) -> FaultLatch<PictureFault>.Sign {
    let verdict = PictureRules.verdict(figures)
    if case .bad(let fault) = verdict, reported.contains(fault) {
      // Behind a cover nothing moves.
      stillness.forgetRun()
      return .bad(fault)
    }
    stillness.take(difference, at: moment, weight: weight, learns: latch.active?.fault != .frozen)
    if reported.contains(.frozen), let since = stillness.frozenSince(at: moment, allowed: configuration.frozenS) {
      return .bad(.frozen, since: since)
    }
    let isOver = verdict == .well && !(latch.active?.fault == .bright && PictureRules.isStillBright(figures))
    return isOver ? .well : .unclear
  }

  /// The change as everybody is told it.
  func told(_ change: FaultLatch<PictureFault>.Change, stage: String, stream: String) -> FaultChange {
    switch change {
    case .begins(let fault, let since):
      return FaultChange(
        fault.rawValue, stage: stage, stream: stream, since: since.wall, figures: told(fault, since),
        message: message(fault, stream))
    case .ends(let fault, let since, let until):
      let seconds = Double(until.nanoseconds(since: since)) / 1e9
      let end = figures == nil ? "what it shows now is taken as usual" : "it is as usual again"
      return FaultChange(
        fault.rawValue, stage: stage, stream: stream, since: since.wall, over: seconds, figures: told(fault, nil),
        message: "the picture of '\(stream)' was \(fault.rawValue) for \(Int(seconds.rounded())) s; \(end)")
    }
  }

  private func told(_ fault: PictureFault, _ since: Moment?) -> [FaultChange.Figure] {
    guard let figures else { return [] }
    func limit(_ faults: PictureFault..., of value: Double) -> Double? { faults.contains(fault) ? value : nil }
    let light =
      limit(.dark, of: PictureRules.darkLimit * figures.usualBrightness) ?? limit(.bright, of: PictureRules.brightLimit)
    var told: [FaultChange.Figure] = [
      .init("brightness", figures.brightness, limit: light), .init("usual_brightness", figures.usualBrightness),
      .init("contrast", figures.contrast), .init("usual_contrast", figures.usualContrast),
      .init("sharpness", figures.sharpness),
      .init("lost_share", figures.lostShare, limit: limit(.covered, .blurred, of: PictureRules.lostLimit)),
      .init("likeness", figures.likeness, limit: limit(.covered, of: PictureRules.likenessLimit)),
      .init("match_share", figures.matchShare, limit: limit(.turned, of: PictureRules.matchLimit)),
      .init("difference", figures.difference, limit: limit(.frozen, of: stillness.limit)),
    ]
    if fault == .frozen, let since, let last {
      told.append(
        .init(
          "still_s", last.seconds - since.time.seconds, limit: stillness.allowed(configuration.frozenS)))
    }
    return told
  }

  private func message(_ fault: PictureFault, _ stream: String) -> String {
    guard let figures else { return "the picture of '\(stream)' is \(fault.rawValue)" }
    func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    let reason =
      switch fault {
      case .covered: "\(percent(figures.lostShare)) of it has lost its detail, and is not bright and dark as usual"
      case .blurred: "\(percent(figures.lostShare)) of it has lost its fine detail"
      case .frozen: "it does not change any more"
      case .dark, .bright:
        "its brightness is \(percent(figures.brightness)), usually \(percent(figures.usualBrightness))"
      case .turned: "only \(percent(figures.matchShare)) of it has its edges where they usually are"
      }
    return "the picture of '\(stream)' is \(fault.rawValue): \(reason)"
  }
}
