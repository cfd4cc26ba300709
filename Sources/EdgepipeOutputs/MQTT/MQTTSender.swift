import CMosquitto
import EdgepipeCore
import Logging

/// The way to a broker of MQTT: publishes items with their quality of service, and keeps the retained topics of its
/// ``StateBoard`` as they are.
final class MQTTSender: ResultSender {
  private struct Connection {
    let client: MosquittoClient
    let since: MonotonicTime
  }

  /// Why there is no connection, and how long to stay away.
  private struct Failure: Error {
    let text: String
    var retryAfterS: Double?
  }

  /// A user that the broker refuses is tried once a minute, so that nobody is locked out.
  private static let refusedUserS = 60.0
  /// Between attempts while there is nothing to send.
  private static let idlePausesS = 1.0...45.0
  /// While nothing is sent nobody can say that the run ends: an attempt then takes no longer.
  private static let idlePatienceS = 3.0
  /// How long a run that ends waits for acknowledgements of what is on its way.
  private static let farewellS = 1.0

  private let library: MosquittoLibrary
  private let settings: MQTTSettings
  private let board: StateBoard
  private let commands: MQTTCommands?
  private let clock: any PipelineClock
  private let logger: Logger
  private var random = SystemRandomNumberGenerator()
  private var connection: Connection?
  private var history = ConnectionHistory()
  /// Before then nothing is tried while there is nothing to send, and nothing at all where another client has our id.
  private var nextIdleAttempt = MonotonicTime(nanoseconds: .min)
  private var idlePauseS = idlePausesS.lowerBound
  private var staysAway: (until: MonotonicTime, text: String)?
  /// Why the connection was lost, or could not be made, while there was nothing to send.
  private var lostBy: String?

  init(
    _ library: MosquittoLibrary, _ settings: MQTTSettings, board: StateBoard, commands: MQTTCommands?,
    clock: any PipelineClock, logger: Logger
  ) {
    self.library = library
    (self.settings, self.board, self.commands) = (settings, board, commands)
    (self.clock, self.logger) = (clock, logger)
  }

  // MARK: - Items

  func send(_ items: [OutgoingItem], isStopping: @Sendable () -> Bool) -> SendResult {
    let client: MosquittoClient
    do throws(Failure) {
      client = try connected(patienceS: settings.patienceS, isStopping: isStopping)
    } catch {
      return SendResult(accepted: 0, obstacle: .unreachable(error.text, retryAfterS: error.retryAfterS))
    }
    publishStates(client)
    var progress = BatchProgress(count: items.count)
    var indices: [Int32: Int] = [:]
    let window = history.sendsOneByOne ? 1 : MosquittoClient.window
    var next = 0
    var deadline = clock.now().advanced(byMilliseconds: settings.patienceS * 1000)
    var stopBy: MonotonicTime?
    while client.inbox.ending == nil {
      while next < items.count, progress.outstanding < window, progress.refusal == nil, progress.delay == nil {
        if isStopping() { break }
        guard publish(items[next], next, client, &progress, &indices) else { break }
        next += 1
      }
      let before = progress.accepted
      // With a quality of service of 0 an item is taken once it is sent.
      var isHeard = noteAcknowledged(client, &progress, &indices)
      let mustEnd = progress.refusal != nil || progress.delay != nil || isStopping()
      if progress.outstanding == 0, next == items.count || mustEnd { break }
      if progress.outstanding > 0 || client.hasToWrite { client.turn(waitMs: 100) }
      isHeard = noteAcknowledged(client, &progress, &indices) || isHeard
      handleMessages(client)
      let now = clock.now()
      if progress.accepted > before { history.noteTaken() }
      // Also where it is states that the broker takes, which go out before the items.
      if isHeard { deadline = now.advanced(byMilliseconds: settings.patienceS * 1000) }
      // What is on its way may still be acknowledged.
      if isStopping(), stopBy == nil { stopBy = now.advanced(byMilliseconds: Self.farewellS * 1000) }
      if now >= min(deadline, stopBy ?? deadline) { return giveUp(progress) }
    }
    return client.inbox.ending == nil ? progress.result() : lost(client, progress, items)
  }

  /// - Returns: false where the item could not be sent.
  private func publish(
    _ item: OutgoingItem, _ index: Int, _ client: MosquittoClient, _ progress: inout BatchProgress,
    _ indices: inout [Int32: Int]
  ) -> Bool {
    let sent = client.publish(item.address, item.body, qos: settings.qos, id: item.id)
    switch Int(sent.code) {
    case EPMosquittoSuccess:
      progress.noteSent()
      indices[sent.mid] = index
      return true
    case EPMosquittoPayloadTooLong, EPMosquittoOversizePacket:
      progress.noteRefused(index, "it is too large for the broker (\(item.body.count) bytes)", wasSent: false)
    case EPMosquittoMalformedText, EPMosquittoInvalid:
      progress.noteRefused(index, "its topic \(Quoted.text(item.address)) is not valid", wasSent: false)
    case EPMosquittoQoSNotSupported:
      progress.noteDelayed("the broker does not take a 'qos' of \(settings.qos); give a lower one", wasSent: false)
    default: client.inbox.end(sent.code)
    }
    return false
  }

  /// - Returns: whether anything was acknowledged.
  private func noteAcknowledged(
    _ client: MosquittoClient, _ progress: inout BatchProgress, _ indices: inout [Int32: Int]
  ) -> Bool {
    let acknowledged = client.inbox.takeAcknowledged()
    for (mid, code) in acknowledged {
      guard let index = indices.removeValue(forKey: mid) else { continue }
      if code < MQTTReason.firstFailure {
        progress.noteTaken(index)
      } else if MQTTReason.isTemporary(code) {
        progress.noteDelayed("the broker takes no more now: \(library.text(ofReason: code))")
      } else {
        progress.noteRefused(index, "the broker says: \(library.text(ofReason: code))")
      }
    }
    return !acknowledged.isEmpty
  }

  /// The broker is silent, or the run ends. What is on its way is left to nobody: it is sent again.
  private func giveUp(_ progress: BatchProgress) -> SendResult {
    connection = nil
    return progress.result(unreachable: "\(settings.address) does not acknowledge what it is sent")
  }

  private func lost(_ client: MosquittoClient, _ progress: BatchProgress, _ items: [OutgoingItem]) -> SendResult {
    let item = progress.outstanding > 0 && progress.accepted == 0 ? items.first?.id : nil
    let verdict = noteEnd(client, item: item)
    if verdict.isGuilty {
      return SendResult(accepted: 0, obstacle: .refused("the broker closes the connection each time it is sent"))
    }
    return progress.result(unreachable: endText(client, verdict), retryAfterS: verdict.retryAfterS)
  }

  // MARK: - The connection

  /// Lets the connection go.
  private func noteEnd(_ client: MosquittoClient, item: String?) -> ConnectionHistory.Verdict {
    let lastedS = connection.map { Double(clock.now().nanoseconds(since: $0.since)) / 1e9 } ?? 0
    connection = nil
    let verdict = history.noteEnd(
      afterS: lastedS, wasTakenOver: client.wasTakenOver, item: item, using: &random)
    if let pause = verdict.retryAfterS {
      staysAway = (clock.now().advanced(byMilliseconds: pause * 1000), endText(client, verdict))
    }
    return verdict
  }

  private func endText(_ client: MosquittoClient, _ verdict: ConnectionHistory.Verdict) -> String {
    if verdict.isTwin {
      let surely = client.wasTakenOver ? "has connected" : "seems to have connected"
      return
        "another client \(surely) to \(settings.address) with the id '\(settings.clientID)'; give each its own 'clientId'"
    }
    return "\(settings.address): \(client.endingText)"
  }

  private func connected(
    patienceS: Double, isStopping: () -> Bool
  ) throws(Failure) -> MosquittoClient {
    if let connection {
      // What the broker has said since the last look.
      connection.client.turn(waitMs: 0)
      if connection.client.inbox.ending == nil { return connection.client }
      let verdict = noteEnd(connection.client, item: nil)
      if verdict.isTwin { throw Failure(text: endText(connection.client, verdict), retryAfterS: verdict.retryAfterS) }
    }
    let now = clock.now()
    if let away = staysAway {
      guard now >= away.until else {
        throw Failure(text: away.text, retryAfterS: Double(away.until.nanoseconds(since: now)) / 1e9)
      }
      staysAway = nil
    }
    return try connect(patienceS: patienceS, isStopping: isStopping)
  }

  private func connect(patienceS: Double, isStopping: () -> Bool) throws(Failure) -> MosquittoClient {
    let reason = TCPProbe.failure(
      host: settings.host, port: settings.port, limitS: patienceS, clock: clock, isStopping: isStopping)
    if let reason { throw Failure(text: "\(settings.address): \(reason)") }
    let client: MosquittoClient
    do { client = try MosquittoClient(library, settings) } catch { throw Failure(text: "\(error)") }
    let deadline = clock.now().advanced(byMilliseconds: patienceS * 1000)
    client.connect()
    while client.inbox.greeting == nil, client.inbox.ending == nil {
      if isStopping() || clock.now() >= deadline { throw Failure(text: "\(settings.address) does not answer") }
      client.turn(waitMs: 100)
    }
    guard let greeting = client.inbox.greeting else {
      throw Failure(text: "\(settings.address): \(client.endingText)")
    }
    if greeting != 0 {
      let isRefused = MQTTReason.isRefusedUser(greeting)
      let hint = settings.version == .v5 && !isRefused ? "; older brokers need \"version\": \"3.1.1\"" : ""
      let failure = Failure(
        text: "\(settings.address) refuses the connection: \(client.greetingText)\(hint)",
        retryAfterS: isRefused ? Self.refusedUserS : nil)
      if isRefused { staysAway = (clock.now().advanced(byMilliseconds: Self.refusedUserS * 1000), failure.text) }
      throw failure
    }
    greet(client)
    return client
  }

  private func greet(_ client: MosquittoClient) {
    connection = Connection(client: client, since: clock.now())
    lostBy = nil
    idlePauseS = Self.idlePausesS.lowerBound
    if commands != nil { client.subscribe(settings.commandTopics) }
    if settings.announces { client.subscribe(HomeAssistant.statusTopic) }
    _ = client.publish(settings.availabilityTopic, Array("online".utf8), qos: stateQoS, retain: true)
    board.refresh()
    publishStates(client)
  }

  // MARK: - States and orders

  private var stateQoS: Int32 { min(1, settings.qos) }

  private func publishStates(_ client: MosquittoClient) {
    for (topic, payload) in board.takeChanges() {
      _ = client.publish(topic, payload, qos: stateQoS, retain: true)
    }
  }

  private func handleMessages(_ client: MosquittoClient) {
    for message in client.inbox.takeReceived() {
      if message.topic == HomeAssistant.statusTopic {
        if message.payload == Array("online".utf8) { board.refresh() }
        continue
      }
      // A retained order would be carried out again with each connection.
      guard let commands, !message.isRetained else { continue }
      let answer = commands.carryOut(topic: message.topic, payload: message.payload)
      _ = client.publish(settings.resultTopic, answer, qos: stateQoS)
    }
  }

  /// States change and orders come at any time.
  var idleMs: Double? { 100 }

  func idle() {
    if let client = connection?.client {
      client.turn(waitMs: 0)
      _ = client.inbox.takeAcknowledged()
      handleMessages(client)
      publishStates(client)
      guard client.inbox.ending != nil else { return }
      let verdict = noteEnd(client, item: nil)
      let text = endText(client, verdict)
      lostBy = text
      logger.warning("\(text)")
    } else if clock.now() >= nextIdleAttempt {
      do throws(Failure) {
        _ = try connected(patienceS: min(Self.idlePatienceS, settings.patienceS), isStopping: { false })
      } catch {
        if idlePauseS == Self.idlePausesS.lowerBound { logger.warning("\(error.text)") }
        lostBy = error.text
        nextIdleAttempt = clock.now().advanced(byMilliseconds: max(idlePauseS, error.retryAfterS ?? 0) * 1000)
        idlePauseS = min(Self.idlePausesS.upperBound, idlePauseS * 2)
      }
    }
  }

  var reach: Reach {
    if connection != nil { return .reached }
    return lostBy.map { .lost($0) } ?? .unknown
  }

  func close() {
    guard let client = connection?.client else { return }
    publishStates(client)
    let last = client.publish(settings.availabilityTopic, Array("offline".utf8), qos: stateQoS, retain: true)
    let deadline = clock.now().advanced(byMilliseconds: Self.farewellS * 1000)
    while client.inbox.ending == nil, clock.now() < deadline {
      if client.inbox.takeAcknowledged().contains(where: { $0.mid == last.mid }) { break }
      client.turn(waitMs: 100)
    }
    client.disconnect()
    client.turn(waitMs: 0)
    connection = nil
  }
}
