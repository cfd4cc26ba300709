import EdgepipeCore
import Pipeline

/// Decides for each frame whether one detector looks at it. Sees the frames of every stream in order; used by one
/// thread.
struct DetectionGate {
  private struct StreamState {
    /// The sequence number of the last frame that the settings let through.
    var lastTurn: Int
    /// What is left of the shares of the frames so far. The first frame is looked at.
    var credit = DetectionGate.fullCredit
    /// From when on the rate allows the next look.
    var due = MediaTime(nanoseconds: .min)
    /// The rate that `due` is of.
    var rate: Double?
    var lastTime: MediaTime
    var lastLook: MediaTime?
    var lastMotion: MediaTime?
    /// The picture at the last look.
    var reference: LumaGrid?
    /// Of a cascade: what it has sent.
    var keeper = ShareKeeper()
    var lastUse: Int
  }

  /// Streams whose state is kept; of more, the one that was silent for longest is forgotten.
  static let maximumStreams = 256

  /// What a look costs: shares are counted in thousandths, without the rounding of fractions.
  private static let fullCredit = 1000

  /// May be changed between two frames.
  var settings: GateSettings
  private var streams: [String: StreamState] = [:]
  private var uses = 0
  private var known = 0

  private let record: CascadeRecord?

  /// - Parameter record: is told what a cascade decides.
  init(_ settings: GateSettings, record: CascadeRecord? = nil) { (self.settings, self.record) = (settings, record) }

  /// - Parameters:
  ///   - doubts: what the smaller detector of a cascade has hung on the frame; nil where it has not looked.
  ///   - grid: makes the frame's brightness grid; only asked where motion counts, nil where the pixels say nothing (then
  ///     the gate takes it for motion).
  mutating func opens(
    for header: FrameHeader, doubts: DoubtfulCandidates? = nil, grid: () -> LumaGrid?
  ) -> Bool {
    if settings.isAlwaysOpen, header.detectionShare >= 1 { return true }
    if !settings.isEnabled { return false }
    let id = header.stream.id, time = header.mediaTime
    uses += 1
    var state = streams.removeValue(forKey: id) ?? start(header, phase: nextPhase())
    // A stream that began anew.
    if time < state.lastTime || header.sequence <= state.lastTurn { state = start(header, phase: 0) }
    state.lastTime = time
    state.lastUse = uses
    var isOpen = decide(&state, header, doubts, grid)
    if isOpen {
      state.lastTurn = header.sequence
      // What one frame does not use is there for the next, so that looks are spread evenly.
      state.credit += Int((min(max(header.detectionShare, 0), 1) * Double(Self.fullCredit)).rounded())
      isOpen = state.credit >= Self.fullCredit
      if isOpen { state.credit -= Self.fullCredit }
    }
    if isOpen { state.lastLook = time }
    streams[id] = state
    if streams.count > Self.maximumStreams { forgetOldest() }
    return isOpen
  }

  private func start(_ header: FrameHeader, phase: Int) -> StreamState {
    StreamState(
      lastTurn: header.sequence - max(1, settings.interval) + phase, lastTime: header.mediaTime, lastUse: uses)
  }

  /// Streams begin at different frames, so that their looks do not fall together.
  private mutating func nextPhase() -> Int {
    defer { known += 1 }
    return known % max(1, settings.interval)
  }

  private func decide(
    _ state: inout StreamState, _ header: FrameHeader, _ doubts: DoubtfulCandidates?, _ grid: () -> LumaGrid?
  ) -> Bool {
    let time = header.mediaTime
    if state.rate != settings.maxRate { (state.rate, state.due) = (settings.maxRate, MediaTime(nanoseconds: .min)) }
    guard header.sequence - state.lastTurn >= settings.interval else { return false }
    guard time >= state.due else { return false }
    if let motion = settings.motion, !isMoving(&state, motion, time, grid) { return false }
    if let cascade = settings.cascade, !isDoubtful(&state, cascade, header, doubts) { return false }
    if let rate = settings.maxRate {
      let period = MediaTime(seconds: 1 / rate).nanoseconds
      // On the beat while frames come in time; a new beat after a pause.
      let next = state.due.nanoseconds.addingReportingOverflow(period)
      let isOnBeat = !next.overflow && next.partialValue > time.nanoseconds
      state.due = MediaTime(nanoseconds: isOnBeat ? next.partialValue : time.nanoseconds.addingClamped(period))
    }
    return true
  }

  private func isDoubtful(
    _ state: inout StreamState, _ cascade: CascadeSettings, _ header: FrameHeader, _ doubts: DoubtfulCandidates?
  ) -> Bool {
    guard let doubts else {
      record?.noteUnseen()
      return false
    }
    let doubtful = cascade.doubtful(
      doubts.candidates, in: cascade.cropPlan(width: header.width, height: header.height))
    let doubt = cascade.doubtRule.doubt(doubtful.lazy.map(\.score), low: cascade.low, high: cascade.high)
    let answer = state.keeper.ask(
      doubt, share: cascade.share, least: cascade.minDoubt, window: cascade.window)
    record?.note(answer, threshold: state.keeper.threshold, of: header.stream.id, cascade)
    return answer == .sent
  }

  private func isMoving(
    _ state: inout StreamState, _ motion: GateSettings.MotionSettings, _ time: MediaTime, _ grid: () -> LumaGrid?
  ) -> Bool {
    guard let picture = grid() else { return true }
    let changed = state.reference.map { picture.changedShare(from: $0, difference: Float(motion.difference)) } ?? 1
    if changed >= motion.area { state.lastMotion = time }
    func isWithin(_ seconds: Double, of past: MediaTime?) -> Bool {
      past.map { time.seconds - $0.seconds < seconds } ?? false
    }
    let isSettling = state.lastMotion == time || isWithin(motion.settleS, of: state.lastMotion)
    guard isSettling || !isWithin(motion.keepAliveS, of: state.lastLook) else { return false }
    state.reference = picture
    return true
  }

  private mutating func forgetOldest() {
    if let oldest = streams.min(by: { $0.value.lastUse < $1.value.lastUse }) { streams.removeValue(forKey: oldest.key) }
  }
}

extension Int64 {
  fileprivate func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
