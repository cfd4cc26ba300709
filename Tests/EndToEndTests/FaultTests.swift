import PipelineTestSupport
import Testing

/// Each test is a row of docs/faults.md. Every one of them also expects: the status of a clean end, another camera's
/// frames unharmed, one start and one end for each fault, rising media times, memory, descriptors and threads as before,
/// an account that balances, and no password anywhere.
@Suite("Faults of cameras, networks and machines", .serialized, .enabled(if: FaultRow.isAvailable, "\(FaultRow.needs)"))
struct FaultTests {
  @Test("given a camera that streams, when it is gone and comes back, then its frames come back by themselves")
  func goneAndBack() throws { try FaultRow.expectHolds("1") }

  @Test("given a camera that streams, when it goes again and again, then nothing is leaked")
  func cycles() throws { try FaultRow.expectHolds("1c") }

  @Test("given a connection, when all its packets vanish both ways, then it is known as stalled in time and made anew")
  func halfOpen() throws { try FaultRow.expectHolds("2") }

  @Test(
    "given a server, when it freezes before its answer or while it streams, then it is tried anew, and SIGTERM still ends the run"
  )
  func frozenServer() throws { try FaultRow.expectHolds("3") }

  @Test(
    "given cameras over TCP and UDP, when packets are lost, then nothing damaged is shown as good and nobody reconnects",
    .enabled(if: FaultRow.canFilterPackets, "needs root for nftables"))
  func loss() throws { try FaultRow.expectHolds("4") }

  @Test(
    "given a camera over UDP, when packets overtake each other and come twice, then media times rise and no picture comes twice"
  )
  func reordered() throws { try FaultRow.expectHolds("5") }

  @Test(
    "given cameras over TCP and UDP, when everything is 50 to 350 ms late, then nothing stalls and queues stay short")
  func jitter() throws { try FaultRow.expectHolds("6") }

  @Test("given a camera, when its password is changed and changed back, then it is refused, tried rarely, and recovers")
  func wrongPassword() throws { try FaultRow.expectHolds("7") }

  @Test(
    "given a camera, when size and codec change, then frames and boxes are right in the new coordinates",
    .enabled(if: FaultRow.hasFace, "needs the sample portrait and the model yunet-n"))
  func changes() throws { try FaultRow.expectHolds("8") }

  @Test("given H.264 with wrong bits, when decoded, then the damage is counted and the stream goes on")
  func damaged() throws { try FaultRow.expectHolds("9") }

  @Test("given H.264 without some packets and key frames, when decoded, then only whole pictures are shown")
  func gaps() throws { try FaultRow.expectHolds("10") }

  @Test(
    "given a camera whose clock jumps, when frames go on, then media times rise and tracks begin anew once a jump",
    .enabled(if: FaultRow.hasFace, "needs the sample portrait and the model yunet-n"))
  func times() throws { try FaultRow.expectHolds("11") }

  @Test(
    "given a run under load, when SIGTERM comes, then what is in flight is delivered; a second one ends it at once",
    .enabled(if: Has.model("yolox-nano"), "needs the model yolox-nano"))
  func terminated() throws { try FaultRow.expectHolds("19") }

  @Test("given a sink that hardly takes anything, when cameras stream, then the other sinks lose nothing")
  func slowSink() throws { try FaultRow.expectHolds("22") }

  @Test("given a run, when the wall clock is set an hour ahead and back, then nothing stalls and durations are right")
  func clockSteps() throws { try FaultRow.expectHolds("23") }

  @Test(
    "given one core shared with greedy processes, when the detector cannot follow, then late frames go and latency is bounded",
    .enabled(if: Has.model("yolox-nano"), "needs the model yolox-nano"))
  func starved() throws { try FaultRow.expectHolds("24") }

  @Test(
    "given too few descriptors or too little memory, when cameras stream, then the run goes on with what fits or ends cleanly"
  )
  func limits() throws { try FaultRow.expectHolds("25") }

  @Test(
    "given /metrics, when clients are slow, send bodies, come under foreign names or without end, then the cameras lose nothing"
  )
  func hostileHTTP() throws { try FaultRow.expectHolds("28") }
}
