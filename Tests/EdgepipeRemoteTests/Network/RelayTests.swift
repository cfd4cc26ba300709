import EdgepipeCore
import Logging
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeRemote

/// What is known of the way to a server, and what is done about it, over a network that a relay plays.
@Suite(.enabled(if: BadServer.isAvailable, "needs python3"))
struct RelayTests {
  /// A server, the network before it, and who asks it over that network.
  private final class Rig {
    let server: BadServer
    let group: ServerGroup
    let changes = Monitor([String]())
    private let relay: HelperProcess
    private let watchman: ServerWatchman

    init(_ network: String = "", timeoutMs: Double = 5000) throws {
      server = try BadServer()
      relay = try HelperProcess(
        "scripts/faults/wire.py", ["\(server.port)"] + network.split(separator: " ").map(String.init))
      let port = try #require(relay.address.split(separator: " ").first.flatMap { Int($0) })
      let client = try HTTPInferenceServer(Requests.settings(.http, port: port, model: "good")) { _ in }
      var settings = ServerGroup.Settings()
      (settings.timeoutMs, settings.probeTimeoutMs, settings.idleSeconds) = (timeoutMs, timeoutMs, 0.1)
      let changes = changes, census = ThreadCensus()
      group = ServerGroup(
        [client], settings, stage: "objects", clock: SystemClock(), logger: LogLines().logger(), census: census,
        seed: 1,
        check: { _ in nil }
      ) { change in
        changes.change { list in
          switch change {
          case .gone: list.append("gone")
          case .back: list.append("back")
          }
        }
      }
      watchman = ServerWatchman(group, stage: "objects", census: census)
      let failures = group.ask(until: Requests.soon())
      #expect(failures.allSatisfy { $0 == nil })
      try watchman.start()
    }

    func close() {
      watchman.stop()
      group.close()
    }

    func set(_ network: String) { relay.send("set \(network)") }

    var figures: NetworkFigures { group.servers[0].snapshot.figures }
    var failure: RemoteFailure? { group.servers[0].snapshot.lastFailure }

    /// One request of so many bytes, once there is room for it.
    func ask(_ bytes: Int = 400) -> Result<InferAnswer, RemoteFailure>? {
      let input = Requests.tensor([1, bytes / 4], [Float](repeating: 7, count: bytes / 4))
      return group.start(input)?.wait(until: Requests.soon())
    }

    func ask(times: Int, _ bytes: Int = 400) -> Int {
      (0..<times).count { _ in if case .success? = ask(bytes) { true } else { false } }
    }

    /// Asks until this has been told.
    func askUntil(told wanted: [String]) {
      let limit = Requests.soon()
      while changes.withLock({ $0 }) != wanted, SystemClock().now() < limit {
        if ask() == nil {
          _ = changes.wait(until: SystemClock().now().advanced(byMilliseconds: 20)) { $0 == wanted ? true : nil }
        }
      }
      #expect(changes.withLock { $0 } == wanted)
    }
  }

  @Test func givenBandwidthThatChangesInStepsWhenFramesGoThenForecastAndBandwidthFollow() throws {
    let rig = try Rig("rate=16000")
    defer { rig.close() }
    // Of 200,000 bytes: 100, 500 and 50 ms.
    var bandwidths: [Double] = []
    for (rate, usualMs) in [(16_000.0, 100.0), (3200, 500), (32_000, 50)] {
      rig.set("rate=\(rate)")
      #expect(rig.ask(times: 8, 200_000) == 8)
      let figures = rig.figures
      let forecast = try #require(figures.requests.quantile(0.5, at: SystemClock().now()))
      #expect(forecast >= usualMs * 0.9)
      bandwidths.append(try #require(figures.bandwidth))
    }
    #expect(bandwidths[1] <= 3_200_000 * 1.5, "\(bandwidths)")
    #expect(bandwidths[0] > bandwidths[1] && bandwidths[2] > bandwidths[1], "\(bandwidths)")
  }

  @Test func givenAFifthOfAllSegmentsLostWhenFramesGoThenEachHasOneAnswerAndTheFiguresTellOfIt() throws {
    let rig = try Rig("loss=20 again=40")
    defer { rig.close() }
    #expect(rig.ask(times: 40, 6000) == 40, "\(String(describing: rig.failure))")
    let snapshot = rig.group.servers[0].snapshot
    #expect(snapshot.counts.answered == 40)
    #expect(snapshot.counts.failed == 0)
    #expect(snapshot.figures.jitterMs > 5)
    #expect(rig.changes.withLock { $0 }.isEmpty)
  }

  @Test func givenALongWayWhenFramesGoThenRoundTripAndForecastSaySo() throws {
    let rig = try Rig("delay=250")
    defer { rig.close() }
    #expect(rig.ask(times: 3) == 3)
    let figures = rig.figures, now = SystemClock().now()
    #expect(try #require(figures.requests.smallest(at: now)) >= 500)
    let trip = try #require(figures.roundTrips.smallest(at: now))
    #expect(trip >= 500)
    #expect(figures.jitterMs < 500)
  }

  @Test(arguments: ["hole=1", "half=1"])
  func givenAWayOnWhichNothingComesBackWhenFramesGoThenTheServerIsGoneAndBackByItself(network: String) throws {
    let rig = try Rig(timeoutMs: 300)
    defer { rig.close() }
    #expect(rig.ask(times: 3) == 3)
    rig.set(network)
    rig.askUntil(told: ["gone"])
    #expect(rig.ask() == nil)
    rig.set("")
    rig.askUntil(told: ["gone", "back"])
    #expect(rig.ask(times: 3) == 3)
  }

  @Test func givenAServerThatIsFrozenWhenItGoesOnThenItGetsRequestsAgain() throws {
    let rig = try Rig(timeoutMs: 300)
    defer { rig.close() }
    #expect(rig.ask(times: 3) == 3)
    rig.server.freeze()
    rig.askUntil(told: ["gone"])
    rig.server.thaw()
    rig.askUntil(told: ["gone", "back"])
    #expect(rig.ask(times: 3) == 3)
  }
}
