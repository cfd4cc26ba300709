import EdgepipeCore
import Foundation
import Logging
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

/// Against a real broker.
@Suite(.enabled(if: TestBroker.isAvailable, "needs mosquitto and mosquitto-clients"))
struct MQTTSenderTests {
  private let files: FilesFixture
  private let board = StateBoard()

  init() throws { files = try FilesFixture() }

  private func settings(_ broker: TestBroker, id: String = "sender") -> MQTTSettings {
    var settings = MQTTSettings(host: "127.0.0.1", port: broker.port, clientID: id, base: "edgepipe/shop")
    // On a busy machine too.
    settings.patienceS = 60
    return settings
  }

  private func sender(
    _ settings: MQTTSettings, commands: MQTTCommands? = nil, clock: any PipelineClock = SystemClock(),
    log: LogLines = LogLines()
  ) throws -> MQTTSender {
    MQTTSender(
      try MosquittoLibrary.shared(), settings, board: board, commands: commands, clock: clock,
      logger: log.logger())
  }

  private func bodies(_ range: Range<Int>) -> [String] { range.map { #"site/door/events {"n":\#($0)}"# } }

  @Test(arguments: [MQTTSettings.Version.v5, .v311], [Int32(0), 1, 2])
  func givenAnyVersionAndQuality_whenItemsAreSent_thenTheyArriveOnceAndInOrder(
    _ version: MQTTSettings.Version, _ qos: Int32
  ) throws {
    let broker = try TestBroker(files)
    try broker.subscribe("reader", "site/#")
    var settings = settings(broker)
    (settings.version, settings.qos) = (version, qos)
    let sender = try sender(settings)
    #expect(sender.send(OutgoingItem.numbered(0..<400)) { false } == SendResult(accepted: 400))
    #expect(sender.send(OutgoingItem.numbered(400..<500)) { false } == SendResult(accepted: 100))
    sender.close()
    // The broker keeps nothing of quality 0 for those who are away.
    if qos > 0 { #expect(try broker.receive("reader", "site/#", count: 500) == bodies(0..<500)) }
  }

  @Test func givenABrokerThatStopsAndReturns_whenTheRestIsSent_thenNothingIsMissingAndAllIsInOrder() throws {
    let broker = try TestBroker(files, isPersistent: true)
    try broker.subscribe("reader", "site/#")
    let sender = try sender(settings(broker))
    #expect(sender.send(OutgoingItem.numbered(0..<50)) { false }.accepted == 50)
    broker.stop()
    let during = sender.send(OutgoingItem.numbered(50..<60)) { false }
    #expect(during.accepted == 0)
    #expect(during.unreachable?.contains("mqtt://127.0.0.1:\(broker.port)") == true)
    try broker.start()
    #expect(sender.send(OutgoingItem.numbered(50..<60)) { false } == SendResult(accepted: 10))
    #expect(try broker.receive("reader", "site/#", count: 60) == bodies(0..<60))
  }

  @Test func givenAFrozenBroker_whenItIsSentSomething_thenItIsUnreachableAndLaterNothingIsLost() throws {
    let broker = try TestBroker(files)
    try broker.subscribe("reader", "site/#")
    let clock = HastyClock()
    let sender = try sender(settings(broker), clock: clock)
    #expect(sender.send(OutgoingItem.numbered(0..<1)) { false }.accepted == 1)
    broker.freeze()
    clock.hurry()
    let during = sender.send(OutgoingItem.numbered(1..<3)) { false }
    #expect(during.accepted == 0)
    #expect(during.unreachable?.contains("does not acknowledge") == true)
    // Nor does it greet.
    #expect(sender.send(OutgoingItem.numbered(1..<3)) { false }.unreachable?.contains("does not answer") == true)
    broker.thaw()
    clock.hurry(false)
    #expect(sender.send(OutgoingItem.numbered(1..<3)) { false } == SendResult(accepted: 2))
    // What was on its way when it froze may be there twice.
    let received = try broker.receive("reader", "site/#", count: 3)
    #expect(received.first == bodies(0..<1).first)
    #expect(Set(received).isSubset(of: Set(bodies(0..<3))))
  }

  @Test func givenARunThatEnds_whenTheBrokerIsSilent_thenSendingEnds() throws {
    let broker = try TestBroker(files)
    var settings = settings(broker)
    settings.patienceS = 3600
    let sender = try sender(settings)
    #expect(sender.send(OutgoingItem.numbered(0..<1)) { false }.accepted == 1)
    broker.freeze()
    #expect(sender.send(OutgoingItem.numbered(1..<2)) { true }.accepted == 0)
    let other = try self.sender(settings)
    #expect(other.send(OutgoingItem.numbered(1..<2)) { true }.accepted == 0)
  }

  // MARK: - TLS

  private struct Guarded {
    let broker: TestBroker
    let authority: Certificates
    let client: Certificates.Pair
  }

  /// A broker that takes TLS 1.3 alone, and clients with certificates.
  private func guarded(names: [String] = ["IP:127.0.0.1", "DNS:localhost"]) throws -> Guarded {
    let authority = try Certificates(in: files.folder)
    let server = try authority.signed("server", names: names), client = try authority.signed("client")
    let broker = try TestBroker(
      files,
      [
        "cafile \(authority.authority.certificate)", "certfile \(server.certificate)", "keyfile \(server.key)",
        "require_certificate true", "use_identity_as_username true", "tls_version tlsv1.3",
      ])
    broker.subscriberOptions = [
      "--cafile", authority.authority.certificate, "--cert", client.certificate, "--key", client.key,
    ]
    return Guarded(broker: broker, authority: authority, client: client)
  }

  @Test(.enabled(if: Certificates.isAvailable, "needs openssl"))
  func givenTLS13AndAClientsCertificate_whenItemsAreSent_thenTheyArrive() throws {
    let guarded = try guarded()
    try guarded.broker.subscribe("reader", "site/#")
    var settings = settings(guarded.broker)
    settings.tls = .init(
      ca: guarded.authority.authority.certificate, certificate: guarded.client.certificate, key: guarded.client.key)
    let sender = try sender(settings)
    #expect(sender.send(OutgoingItem.numbered(0..<200)) { false } == SendResult(accepted: 200))
    #expect(try guarded.broker.receive("reader", "site/#", count: 200) == bodies(0..<200))
  }

  @Test(.enabled(if: Certificates.isAvailable, "needs openssl"))
  func givenNoCertificate_whenItemsAreSent_thenTheBrokerRefusesAndNothingGoesInTheClear() throws {
    let guarded = try guarded()
    var settings = settings(guarded.broker)
    settings.tls = .init(ca: guarded.authority.authority.certificate)
    let result = try sender(settings).send(OutgoingItem.numbered(0..<1)) { false }
    #expect(result.accepted == 0)
    #expect(result.unreachable?.hasPrefix("mqtts://") == true)
  }

  @Test(.enabled(if: Certificates.isAvailable, "needs openssl"))
  func givenAnAuthorityThatDidNotSign_whenItemsAreSent_thenTheConnectionIsRefusedByUs() throws {
    let guarded = try guarded()
    let other = try Certificates(in: files.folder, name: "other")
    var settings = settings(guarded.broker)
    settings.tls = .init(
      ca: other.authority.certificate, certificate: guarded.client.certificate, key: guarded.client.key)
    let result = try sender(settings).send(OutgoingItem.numbered(0..<1)) { false }
    #expect(result.unreachable?.contains("certificate verify failed") == true)
  }

  @Test(.enabled(if: Certificates.isAvailable, "needs openssl"))
  func givenACertificateOfAnotherServer_whenItemsAreSent_thenTheConnectionIsRefusedByUs() throws {
    let guarded = try guarded(names: ["DNS:elsewhere.example"])
    var settings = settings(guarded.broker)
    settings.tls = .init(
      ca: guarded.authority.authority.certificate, certificate: guarded.client.certificate, key: guarded.client.key)
    let result = try sender(settings).send(OutgoingItem.numbered(0..<1)) { false }
    #expect(result.accepted == 0)
    #expect(result.unreachable?.contains("TLS") == true)
  }

  @Test func givenABrokerWithoutTLS_whenTLSIsWanted_thenNothingGoesInTheClear() throws {
    let broker = try TestBroker(files)
    try broker.subscribe("reader", "#")
    var settings = settings(broker)
    settings.tls = .init()
    settings.patienceS = 2
    #expect(try sender(settings).send(OutgoingItem.numbered(0..<1)) { false }.unreachable != nil)
    try broker.publish("only", "this")
    #expect(try broker.receive("reader", "#", count: 1) == ["only this"])
  }

  // MARK: - Refusals

  @Test(arguments: [MQTTSettings.Version.v5, .v311])
  func givenAWrongPassword_whenItemsAreSent_thenItIsTriedOnceAMinuteAndNeverShown(_ version: MQTTSettings.Version)
    throws
  {
    let broker = try TestBroker(files, ["password_file \(try files.file("nobody", ""))", "allow_anonymous false"])
    var settings = settings(broker)
    (settings.version, settings.username, settings.password) = (version, "edgepipe", "s3cret")
    let sender = try sender(settings)
    let first = sender.send(OutgoingItem.numbered(0..<1)) { false }
    #expect(first.retryAfterS == 60)
    #expect(first.unreachable?.contains("refuses the connection") == true)
    #expect(first.unreachable?.contains("s3cret") == false)
    // What is left of the minute: another attempt would begin a new one.
    let second = sender.send(OutgoingItem.numbered(0..<1)) { false }
    #expect(second.unreachable == first.unreachable)
    #expect(second.retryAfterS ?? 60 < 60)
  }

  @Test func givenATopicThatIsNotAllowed_whenItemsAreSent_thenThatOneIsRefused() throws {
    let rules = try files.file("acl", "topic write site/#\ntopic readwrite edgepipe/#\n")
    let broker = try TestBroker(files, ["allow_anonymous true", "acl_file \(rules)"])
    let sender = try sender(settings(broker))
    let items =
      OutgoingItem.numbered(0..<2) + OutgoingItem.numbered(2..<3, address: "secret/x") + OutgoingItem.numbered(3..<5)
    let result = sender.send(items) { false }
    #expect(result.accepted == 2)
    #expect(result.refused?.contains("Not authorized") == true)
    #expect(sender.send(Array(items[3...])) { false } == SendResult(accepted: 2))
  }

  @Test func givenAnItemThatIsTooLarge_whenSent_thenItAloneIsRefused() throws {
    let broker = try TestBroker(files, ["allow_anonymous true", "max_packet_size 2000"])
    let sender = try sender(settings(broker))
    let large = OutgoingItem(
      id: "large", stream: "door", kind: "frame", address: "site/x", body: [UInt8](repeating: 65, count: 5000))
    let result = sender.send(OutgoingItem.numbered(0..<3) + [large] + OutgoingItem.numbered(3..<5)) { false }
    #expect(result.accepted == 3)
    #expect(result.refused?.contains("too large") == true)
  }

  /// MQTT 3.1.1 has no word for it: the broker closes the connection.
  @Test func givenAnOldBroker_whenOneItemEndsEachConnection_thenItIsFoundAndRefused() throws {
    let broker = try TestBroker(files, ["allow_anonymous true", "max_packet_size 2000"])
    var settings = settings(broker)
    settings.version = .v311
    let sender = try sender(settings)
    let large = OutgoingItem(
      id: "large", stream: "door", kind: "frame", address: "site/x", body: [UInt8](repeating: 65, count: 5000))
    var items = OutgoingItem.numbered(0..<3) + [large] + OutgoingItem.numbered(3..<5)
    var results: [SendResult] = []
    for _ in 0..<12 where results.last?.refused == nil {
      results.append(sender.send(items) { false })
      items.removeFirst(results.last?.accepted ?? 0)
    }
    #expect(results.last?.refused != nil)
    #expect(items.first?.id == "large")
    #expect(sender.send(Array(items.dropFirst())) { false } == SendResult(accepted: 2))
  }

  @Test func givenAnotherClientWithOurID_whenItConnects_thenItIsNamedAndWeStepBack() throws {
    let broker = try TestBroker(files)
    // A clock that stands still: no connection is a long one, however busy the machine is.
    let first = try sender(settings(broker, id: "same"), clock: ManualClock())
    let second = try sender(settings(broker, id: "same"), clock: ManualClock())
    var told: SendResult?
    for number in 0..<8 where told == nil {
      let result = first.send(OutgoingItem.numbered(number..<number + 1)) { false }
      if result.unreachable?.contains("another client") == true { told = result }
      _ = second.send(OutgoingItem.numbered(number..<number + 1)) { false }
    }
    #expect(told?.unreachable?.contains("'same'") == true)
    #expect((2.5...5).contains(told?.retryAfterS ?? 0))
    // It stays away until then.
    #expect(first.send(OutgoingItem.numbered(0..<1)) { false }.unreachable == told?.unreachable)
  }

  // MARK: - States and orders

  @Test func givenAClient_whenItComesGoesAndBreaksOff_thenItsAvailabilityIsRetained() throws {
    let broker = try TestBroker(files)
    let sender = try sender(settings(broker))
    _ = sender.send(OutgoingItem.numbered(0..<1)) { false }
    #expect(try broker.retained("edgepipe/shop/availability", count: 1) == ["edgepipe/shop/availability online"])
    sender.close()
    #expect(try broker.retained("edgepipe/shop/availability", count: 1) == ["edgepipe/shop/availability offline"])
    try broker.subscribe("reader", "edgepipe/yard/#")
    var other = settings(broker)
    other.base = "edgepipe/yard"
    var broken: MQTTSender? = try self.sender(other)
    _ = broken?.send(OutgoingItem.numbered(0..<1)) { false }
    broken = nil
    let words = try broker.receive("reader", "edgepipe/yard/#", count: 2)
    #expect(words == ["edgepipe/yard/availability online", "edgepipe/yard/availability offline"])
  }

  @Test func givenStates_whenTheBrokerForgetsThem_thenTheNextConnectionBringsTheLatest() throws {
    let broker = try TestBroker(files)
    let sender = try sender(settings(broker))
    board.set("edgepipe/shop/state/a", "1")
    board.set("edgepipe/shop/state/b", "1")
    _ = sender.send(OutgoingItem.numbered(0..<1)) { false }
    board.set("edgepipe/shop/state/a", "2")
    broker.stop()
    _ = sender.send(OutgoingItem.numbered(1..<2)) { false }
    try broker.start()
    #expect(sender.send(OutgoingItem.numbered(1..<2)) { false }.accepted == 1)
    #expect(
      try broker.retained("edgepipe/shop/state/#", count: 2) == ["edgepipe/shop/state/a 2", "edgepipe/shop/state/b 1"])
  }

  /// Calls `idle` as the dispatcher does, until a subscriber has what it waits for.
  private func idle(_ sender: MQTTSender, until program: TestProgram, lines: Int) throws -> [String] {
    let deadline = Date(timeIntervalSinceNow: 60)
    while program.printed.split(separator: "\n").count < lines {
      guard Date() < deadline else { throw TestProgram.Silent(program: "mosquitto_sub", printed: program.printed) }
      sender.idle()
      usleep(5_000)
    }
    return program.printed.split(separator: "\n").map(String.init)
  }

  private func follower(_ broker: TestBroker, _ filter: String) throws -> TestProgram {
    let program = try TestProgram(
      "/usr/bin/mosquitto_sub",
      ["-h", "127.0.0.1", "-p", "\(broker.port)", "-q", "1", "-t", filter, "-t", "ready", "-F", "%t %p"])
    // A retained message says that the subscription is there.
    try broker.publish("ready", "yes", ["-r"])
    try program.wait { $0.contains("ready yes") }
    return program
  }

  @Test func givenAnOrder_whenItComes_thenItIsCarriedOutOnceAndAnswered() throws {
    let broker = try TestBroker(files)
    var settings = settings(broker)
    settings.takesCommands = true
    let commands = MQTTCommands(
      base: settings.base,
      .init(
        set: { options, stage throws(PipelineError) in
          throw PipelineError("'\(stage)' says no", code: .invalidArgument)
        }, setDetecting: { _ throws(PipelineError) in [] }))
    let sender = try sender(settings, commands: commands)
    try broker.publish("edgepipe/shop/set/objects/retained", "1", ["-r"])
    let follower = try follower(broker, "edgepipe/shop/result")
    sender.idle()
    try broker.publish("edgepipe/shop/set/detection", "off")
    try broker.publish("edgepipe/shop/set/objects/score", "0.5")
    #expect(
      try idle(sender, until: follower, lines: 3).suffix(2) == [
        #"edgepipe/shop/result {"changes":[],"ok":true,"topic":"edgepipe/shop/set/detection"}"#,
        #"edgepipe/shop/result {"error":"'objects' says no","ok":false,"topic":"edgepipe/shop/set/objects/score"}"#,
      ])
  }

  @Test func givenHomeAssistantThatStarts_whenItSaysSo_thenEverythingIsAnnouncedAgain() throws {
    let broker = try TestBroker(files)
    var settings = settings(broker)
    settings.announces = true
    let sender = try sender(settings)
    board.set("homeassistant/sensor/x/y/config", "{}")
    sender.idle()
    let follower = try follower(broker, "homeassistant/sensor/#")
    try broker.publish("homeassistant/status", "online")
    let config = "homeassistant/sensor/x/y/config {}"
    #expect(try idle(sender, until: follower, lines: 3).filter { $0 == config }.count == 2)
  }

  @Test func givenAnIdleClient_whenTheBrokerStopsAndReturns_thenItIsSaidAndItConnectsAgain() throws {
    let broker = try TestBroker(files)
    let log = LogLines()
    let sender = try sender(settings(broker), log: log)
    board.set("edgepipe/shop/state/a", "1")
    sender.idle()
    broker.stop()
    let deadline = Date(timeIntervalSinceNow: 60)
    while log.all.isEmpty, Date() < deadline {
      sender.idle()
      usleep(5_000)
    }
    #expect(log.all.first?.hasPrefix("warning: mqtt://127.0.0.1:\(broker.port): ") == true)
    try broker.start()
    let follower = try follower(broker, "edgepipe/shop/state/#")
    #expect(try idle(sender, until: follower, lines: 2).last == "edgepipe/shop/state/a 1")
  }
}
