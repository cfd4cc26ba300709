import Logging
import PipelineTestSupport
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline
@testable import Stages

/// An output without a pipeline: waiting turns the clock.
private final class TurningOutput: SourceOutput {
  struct Told: Equatable {
    var state: StreamState
    var attempt: Int
    var error: String?
  }

  private struct State {
    var told: [Told] = []
    var pauses: [Double] = []
    var isStopping = false
  }

  let clock = ManualClock()
  private let state = Mutex(State())

  var told: [Told] { state.withLock { $0.told } }
  /// The states without repetitions.
  var states: [StreamState] {
    told.map(\.state).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }
  /// The waits asked for, in seconds.
  var pauses: [Double] { state.withLock { $0.pauses } }

  func stop() { state.withLock { $0.isStopping = true } }
  func emit(_ frame: Frame) -> Admission { .admitted }
  var isStopping: Bool { state.withLock { $0.isStopping } }

  func wait(until deadline: MonotonicTime) -> Bool {
    let pause = Double(deadline.nanoseconds(since: clock.now())) / 1e9
    state.withLock { $0.pauses.append(pause) }
    clock.advance(milliseconds: max(0, pause * 1000))
    return !isStopping
  }

  func report(position: MediaTime, duration: MediaTime?) {}
  func count(_ name: String, _ increment: Int) {}

  func health(_ streamState: StreamState, attempt: Int, error: String?) {
    state.withLock { $0.told.append(Told(state: streamState, attempt: attempt, error: error)) }
  }

  func fail(stream: String, _ error: PipelineError) {}
}

struct LiveStreamTests {
  private let output = TurningOutput()

  private func stream(resetS: Double = 30) -> LiveStream {
    LiveStream(
      LiveLimits(policy: ReconnectPolicy(minS: 1, maxS: 45, resetS: resetS), refusedS: 60, intervalS: 2),
      output: output,
      clock: output.clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      random: SplitMix64(seed: 7))
  }

  /// Plays one script after the other, one a connection; after the last the run ends.
  private func play(_ stream: LiveStream, _ scripts: [() -> ConnectionEnd]) throws {
    var next = 0
    try stream.run("camera") { () throws(PipelineError) in
      defer { next += 1 }
      guard next < scripts.count else {
        output.stop()
        return .finished
      }
      return scripts[next]()
    }
  }

  /// Frames for `seconds`, then lost.
  private func frames(_ stream: LiveStream, seconds: Double, then end: ConnectionEnd = .lost("gone")) -> () ->
    ConnectionEnd
  {
    {
      stream.frameDelivered()
      self.output.clock.advance(milliseconds: seconds * 1000)
      stream.frameDelivered()
      return end
    }
  }

  @Test func givenAServerThatIsNotThere_whenItComes_thenWaitingUntilItsFirstFrameAndNeverConnectingAgain() throws {
    let stream = stream()
    try play(stream, [{ .lost("no route") }, { .lost("no route") }, frames(stream, seconds: 1)])
    #expect(output.states == [.connecting, .waiting, .streaming, .waiting, .ended])
    #expect(output.told[1] == .init(state: .waiting, attempt: 1, error: "no route"))
    let streaming = try #require(output.told.first { $0.state == .streaming })
    #expect(streaming.attempt == 3)
  }

  @Test func givenLossesInARow_whenReconnecting_thenPausesGrowWithinTheirBounds() throws {
    let stream = stream()
    try play(stream, Array(repeating: { .lost("gone") }, count: 200))
    let pauses = output.pauses
    #expect(pauses.count == 200)
    let outside = pauses.filter { $0 < 0.999 || $0 > 45.001 }
    #expect(outside.isEmpty)
    let steep = zip([1.0] + pauses, pauses).filter { $1 > 3 * $0 + 0.001 }
    #expect(steep.isEmpty, "never more than three times the pause before")
    #expect((pauses.max() ?? 0) > 20, "in two hundred losses the pauses reach far up")
  }

  @Test func givenAStableConnection_whenLost_thenPausesAndAttemptsStartAnew() throws {
    let stream = stream()
    let failures: [() -> ConnectionEnd] = Array(repeating: { .lost("gone") }, count: 20)
    try play(stream, failures + [frames(stream, seconds: 31), { .lost("gone") }])
    #expect(output.pauses[20] <= 3.001, "the first pause after thirty seconds of frames")
    let last = output.told.filter { $0.state == .waiting }.map(\.attempt).suffix(2)
    #expect(Array(last) == [1, 1] || Array(last) == [1, 2])
  }

  @Test func givenAConnectionThatBreaksSoon_whenLost_thenPausesGoOnGrowing() throws {
    let stream = stream()
    let short = Array(repeating: frames(stream, seconds: 29), count: 40)
    try play(stream, short)
    #expect((output.pauses.max() ?? 0) > 10, "29 seconds of frames are not stable")
    #expect(output.told.contains { $0.attempt == 40 })
  }

  @Test func givenAWrongPassword_whenRefused_thenTriedOnceAMinute() throws {
    let stream = stream(), clock = output.clock
    var starts: [MonotonicTime] = []
    let refusal: () -> ConnectionEnd = {
      starts.append(clock.now())
      clock.advance(milliseconds: 700)
      return .refused("401")
    }
    try play(stream, [refusal, refusal, refusal, frames(stream, seconds: 1, then: .finished)])
    #expect(output.states == [.connecting, .refused, .streaming, .ended])
    #expect(zip(starts, starts.dropFirst()).map { $1.nanoseconds(since: $0) } == [60_000_000_000, 60_000_000_000])
  }

  @Test func givenFramesThatStop_whenStalled_thenStalledUntilTheNextAttemptFails() throws {
    let stream = stream()
    try play(
      stream,
      [
        frames(stream, seconds: 5, then: .stalled("no frame")), { .lost("gone") },
        frames(stream, seconds: 1, then: .finished),
      ])
    #expect(output.states == [.connecting, .streaming, .stalled, .waiting, .streaming, .ended])
  }

  @Test func givenSnapshots_whenPolled_thenOneStreamingStateAndASteadyPeriod() throws {
    let stream = stream(), clock = output.clock
    var starts: [Double] = []
    let snapshot: () -> ConnectionEnd = {
      starts.append(Double(clock.now().nanoseconds) / 1e9)
      clock.advance(milliseconds: 300)
      stream.frameDelivered()
      return .snapshot
    }
    try play(stream, [snapshot, snapshot, snapshot, { .lost("503") }, snapshot, snapshot])
    #expect(output.states == [.connecting, .streaming, .waiting, .streaming, .ended])
    #expect(abs(starts[1] - starts[0] - 2) < 1e-6 && abs(starts[2] - starts[1] - 2) < 1e-6)
    #expect(abs(starts[4] - starts[3] - 2) < 1e-6, "the time that the server takes is part of the period")
  }

  @Test func givenAConnectionThatStaysWithoutPictures_whenTheyComeBack_thenStalledOnceAndStreaming() throws {
    let stream = stream()
    try play(
      stream,
      [
        {
          stream.frameDelivered()
          stream.framesMissing("no key frame")
          stream.framesMissing("no key frame")
          stream.frameDelivered()
          return .finished
        }
      ])
    #expect(output.told.map(\.state) == [.connecting, .streaming, .stalled, .streaming, .ended])
    #expect(output.told[2].error == "no key frame")
    #expect(output.pauses.isEmpty, "it is the same connection")
  }

  @Test func givenAnImpossibleAddress_whenConnecting_thenTheStreamEndsWithTheError() throws {
    let stream = stream()
    let impossible = PipelineError("no such protocol", consequence: .endStream, code: .unavailable)
    let error = try #require(throws: PipelineError.self) { try play(stream, [{ .impossible(impossible) }]) }
    #expect(error.message == "no such protocol")
    #expect(output.states == [.connecting], "the runtime says that a stream has failed")
    #expect(output.pauses.isEmpty)
  }

  @Test func givenARunThatEndsInAPause_whenWoken_thenTheStreamReturnsWithoutAnError() throws {
    let stream = stream(), output = output
    try play(
      stream,
      [
        {
          output.stop(); return .lost("gone")
        }
      ])
    #expect(output.states == [.connecting, .ended])
  }
}

struct ReconnectPolicyTests {
  @Test(arguments: [UInt64](1...20))
  func givenAnyLimits_whenAskedOften_thenEveryPauseIsWithinThem(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let minS = Double.random(in: 0.01...5, using: &random), maxS = Double.random(in: 0.01...60, using: &random)
    var policy = ReconnectPolicy(minS: minS, maxS: maxS, resetS: 1)
    var pauses: [Double] = []
    for index in 0..<500 {
      if index % 50 == 49 { policy.reset() }
      pauses.append(policy.nextDelay(awayS: .infinity, using: &random))
      if index % 50 == 49 { #expect(pauses[index] <= minS * 3) }
    }
    #expect((pauses.min() ?? 0) >= minS && (pauses.max() ?? 0) <= max(minS, maxS))
  }

  @Test(arguments: [1.5, 5, 12, 300]) func givenAnOutage_whenItEnds_thenTheNextAttemptComesWithinItsLength(
    outageS: Double
  ) {
    var random = SplitMix64(seed: UInt64(outageS * 10))
    for _ in 0..<2000 {
      var policy = ReconnectPolicy(minS: 1, maxS: 45, resetS: 30)
      var awayS = 0.0
      while awayS < outageS { awayS += policy.nextDelay(awayS: awayS, using: &random) }
      #expect(awayS - outageS <= min(45, max(1, outageS)))
    }
  }
}

/// A gate by reference, so that expectations can ask it.
private final class Gate {
  private var gate: KeyFrameGate
  init(at now: MonotonicTime, patienceS: Double) { gate = KeyFrameGate(at: now, patienceS: patienceS) }
  var isDamaged: Bool { gate.isDamaged }
  func lose(_ loss: KeyFrameGate.Loss = .missing, at now: MonotonicTime) { gate.lose(loss, at: now) }
  func admits(isKey: Bool, at now: MonotonicTime) -> Bool {
    if isKey { gate.noteKey(at: now) }
    return gate.admits(isKey: isKey, at: now)
  }
  func noteKey(at now: MonotonicTime) { gate.noteKey(at: now) }
  func patienceS(_ stallS: Double, hasShown: Bool = true) -> Double {
    gate.patienceS(stallS: stallS, hasShown: hasShown)
  }
}

struct KeyFrameGateTests {
  private func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

  @Test func givenANewConnection_whenItBeginsInTheMiddle_thenWaitsForAKeyFrame() {
    let gate = Gate(at: at(0), patienceS: 5)
    #expect(!gate.admits(isKey: false, at: at(0.1)))
    #expect(!gate.isDamaged)
    #expect(gate.admits(isKey: true, at: at(0.2)))
    #expect(gate.admits(isKey: false, at: at(0.3)))
  }

  @Test func givenAStreamThatMarksNoKeyFrames_whenPatienceEnds_thenTheDecoderMustKnow() {
    let gate = Gate(at: at(0), patienceS: 5)
    #expect(!gate.admits(isKey: false, at: at(4.9)))
    #expect(gate.admits(isKey: false, at: at(5.1)))
  }

  @Test func givenALoss_whenPacketsGoOn_thenOnlyTheNextKeyFrameOpens() {
    let gate = Gate(at: at(0), patienceS: 5)
    _ = gate.admits(isKey: true, at: at(0))
    gate.lose(at: at(1))
    #expect(!gate.admits(isKey: false, at: at(100)), "patience does not make a damaged picture whole")
    #expect(gate.isDamaged)
    #expect(gate.admits(isKey: true, at: at(101)))
    #expect(!gate.isDamaged)
  }

  @Test func givenALoss_whenOnlyAKeyFrameIsMissing_thenTheConnectionMayWaitForLonger() {
    let gate = Gate(at: at(0), patienceS: 5)
    _ = gate.admits(isKey: true, at: at(0))
    #expect(gate.patienceS(20) == 20, "an open gate waits for nothing")
    gate.lose(at: at(1))
    #expect(gate.patienceS(20) == 60)
    _ = gate.admits(isKey: true, at: at(2))
    #expect(gate.patienceS(20) == 20)
  }

  @Test func givenKeyFramesFarApart_whenLost_thenTwoOfTheirIntervals() {
    let gate = Gate(at: at(0), patienceS: 5)
    _ = gate.admits(isKey: true, at: at(0))
    // The one that ends the interval is itself damaged.
    gate.noteKey(at: at(45))
    gate.lose(at: at(45))
    #expect(gate.patienceS(20) == 90)
  }

  @Test func givenWhatNeverGetsBetter_whenLost_thenNoLongerThanWithoutPackets() {
    let refused = Gate(at: at(0), patienceS: 5)
    _ = refused.admits(isKey: true, at: at(0))
    refused.lose(.refused, at: at(1))
    #expect(refused.patienceS(20) == 20, "whole packets that the decoder refuses: another codec")
    let unmarked = Gate(at: at(0), patienceS: 5)
    _ = unmarked.admits(isKey: false, at: at(6))
    unmarked.lose(at: at(7))
    #expect(unmarked.patienceS(20) == 20, "a stream that marks no key frames, as its pictures show")
    #expect(
      unmarked.patienceS(20, hasShown: false) == 60, "one that was joined in the middle, until its first key frame")
  }
}
