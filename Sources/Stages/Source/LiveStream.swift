import EdgepipeCore
import Logging
import Pipeline

/// How one connection of a live stream ended.
enum ConnectionEnd {
  /// The run is ending, or has all the frames it wants.
  case finished
  /// The connection could not be made or broke.
  case lost(String)
  /// Connected, but no frame comes.
  case stalled(String)
  /// The server wants another user or password.
  case refused(String)
  /// It can never work.
  case impossible(PipelineError)
  /// The server gave a picture, and gives the next one when it is asked again.
  case snapshot
  /// The server sends parts that FFmpeg's reader of Motion JPEG in parts does not take.
  case oddParts(String)
  /// The server sends, but too seldom to be looked at first.
  case slow(String)
  /// It is open and no live stream: it has an end, and is read by others from here on.
  case finite

  /// The same without what is secret in `url`: servers and libraries may quote it.
  func scrubbed(of url: String) -> ConnectionEnd {
    switch self {
    case .finished: .finished
    case .lost(let reason): .lost(URLRedaction.scrub(reason, of: url))
    case .stalled(let reason): .stalled(URLRedaction.scrub(reason, of: url))
    case .refused(let reason): .refused(URLRedaction.scrub(reason, of: url))
    case .impossible(let error): .impossible(error.scrubbed(of: url))
    case .snapshot: .snapshot
    case .finite: .finite
    case .oddParts(let reason): .oddParts(URLRedaction.scrub(reason, of: url))
    case .slow(let reason): .slow(URLRedaction.scrub(reason, of: url))
    }
  }
}

/// The times of a live stream, in seconds.
struct LiveLimits: Sendable {
  var policy: ReconnectPolicy
  /// The shortest time from one refused attempt to the next.
  var refusedS: Double
  /// The time from one snapshot to the next.
  var intervalS = 1.0
}

/// Keeps a live stream going over lost connections, indefinitely, and says how it is. Used by one thread.
final class LiveStream {
  private let output: any SourceOutput
  private let clock: any PipelineClock
  private let logger: Logger
  private let limits: LiveLimits
  private var policy: ReconnectPolicy
  private var random: any RandomNumberGenerator

  private var state = StreamState.connecting
  private var attempt = 0
  private var lastError: String?
  private var streamingSince: MonotonicTime?
  /// When the stream was lost; of several losses without stable frames between, the first.
  private var lostSince: MonotonicTime
  private var hasWarned = false
  /// The last connection gave the snapshot that was wanted of it.
  private var isPolling = false

  init(
    _ limits: LiveLimits, output: any SourceOutput, clock: any PipelineClock, logger: Logger,
    random: any RandomNumberGenerator = SystemRandomNumberGenerator()
  ) {
    policy = limits.policy
    self.limits = limits
    self.output = output
    self.clock = clock
    self.logger = logger
    self.random = random
    lostSince = clock.now()
  }

  /// Connects again and again until the run ends.
  ///
  /// - Parameters:
  ///   - name: what messages call the stream, without secrets.
  ///   - connect: makes one connection and stays in it; it calls ``frameDelivered()`` for every frame.
  /// - Throws: ``PipelineError`` with `endStream` when no attempt can ever work; the runtime then says that it has ended.
  func run(_ name: String, _ connect: () throws(PipelineError) -> ConnectionEnd) throws(PipelineError) {
    while true {
      if !isPolling {
        attempt += 1
        output.health(state, attempt: max(1, attempt), error: lastError)
      }
      let began = clock.now()
      let end = try connect()
      if case .finite = end { return output.health(.streaming, attempt: max(1, attempt), error: nil) }
      if case .snapshot = end {
        isPolling = true
        guard output.wait(until: began.advanced(byMilliseconds: limits.intervalS * 1000)) else { return ended() }
        continue
      }
      isPolling = false
      if streamingSince != nil, policy.isFresh { lostSince = clock.now() }
      streamingSince = nil
      guard let pause = try pause(after: end, began: began), !output.isStopping else { return ended() }
      // The first failure of a run is usually a mistake in the address, and worth a word of its own at once.
      if !hasWarned, let lastError {
        logger.warning("'\(name)' does not stream: \(lastError); it is retried until the run ends")
        hasWarned = true
      }
      output.health(state, attempt: max(1, attempt), error: lastError)
      guard output.wait(until: pause) else { return ended() }
    }
  }

  /// A whole picture was put out: this, not an open socket, is streaming.
  func frameDelivered() {
    let now = clock.now()
    if let streamingSince {
      if now.nanoseconds(since: streamingSince) >= Int64(policy.resetS * 1e9) {
        policy.reset()
        attempt = 0
      }
      return
    }
    streamingSince = now
    state = .streaming
    output.health(.streaming, attempt: max(1, attempt), error: lastError)
  }

  /// The connection is there and packets come, but no picture has come for long.
  func framesMissing(_ reason: String) {
    guard state != .stalled else { return }
    if streamingSince != nil, policy.isFresh { lostSince = clock.now() }
    streamingSince = nil
    (state, lastError) = (.stalled, reason)
    output.health(state, attempt: max(1, attempt), error: reason)
  }

  /// When to try again, or nil when the stream has come to its end.
  private func pause(after end: ConnectionEnd, began: MonotonicTime) throws(PipelineError) -> MonotonicTime? {
    switch end {
    case .finished, .finite, .snapshot: return nil
    case .lost(let reason), .oddParts(let reason), .slow(let reason): (state, lastError) = (.waiting, reason)
    case .stalled(let reason): (state, lastError) = (.stalled, reason)
    case .refused(let reason):
      (state, lastError) = (.refused, reason)
      return began.advanced(byMilliseconds: limits.refusedS * 1000)
    case .impossible(let error): throw error
    }
    let now = clock.now()
    let away = Double(now.nanoseconds(since: lostSince)) / 1e9
    return now.advanced(byMilliseconds: policy.nextDelay(awayS: away, using: &random) * 1000)
  }

  private func ended() { output.health(.ended, attempt: max(1, attempt), error: nil) }
}
