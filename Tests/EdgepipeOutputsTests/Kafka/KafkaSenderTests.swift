import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

/// Against Kafka's protocol as librdkafka's mock cluster speaks it.
@Suite(.enabled(if: TestKafka.isAvailable, "needs kcat and python3"))
struct KafkaSenderTests {
  private func sender(_ kafka: TestKafka, patienceS: Double = 60, _ options: [String: String] = [:]) throws
    -> KafkaSender
  {
    KafkaSender(
      try KafkaLibrary.shared(),
      KafkaSettings(
        brokers: kafka.brokers, clientID: "test", pipeline: "shop", options: options, patienceS: patienceS),
      clock: SystemClock())
  }

  private func values(_ records: [String], key: String) -> [String] {
    records.filter { $0.hasPrefix(key + "|") }.compactMap { $0.split(separator: "|").last.map(String.init) }
  }

  @Test(arguments: ["none", "gzip", "snappy", "lz4", "zstd"])
  func givenItemsOfTwoStreams_whenSent_thenEachStreamIsInOrderWithItsHeaders(_ compression: String) throws {
    let kafka = try TestKafka()
    let sender = KafkaSender(
      try KafkaLibrary.shared(),
      KafkaSettings(
        brokers: kafka.brokers, clientID: "test", compression: compression, pipeline: "shop", patienceS: 60),
      clock: SystemClock())
    let door = OutgoingItem.numbered(0..<300, stream: "door", address: "events")
    let yard = OutgoingItem.numbered(0..<300, stream: "yard", address: "events")
    #expect(sender.send(zip(door, yard).flatMap { [$0, $1] }) { false } == SendResult(accepted: 600))
    let records = try kafka.records("events")
    #expect(records.count == 600)
    for stream in ["door", "yard"] {
      #expect(values(records, key: stream) == (0..<300).map { #"{"n":\#($0)}"# })
    }
    #expect(
      records.contains(
        #"door|id=run-1/door/zones/7/0,kind=zone.enter,pipeline=shop,run=run-1,content-type=application/json|{"n":7}"#))
  }

  @Test func givenAClusterThatGoesAndReturns_whenTheRestIsSent_thenNothingIsMissing() throws {
    let kafka = try TestKafka()
    let sender = try sender(kafka)
    #expect(sender.send(OutgoingItem.numbered(0..<10, address: "events")) { false }.accepted == 10)
    try kafka.down()
    let during = sender.send(OutgoingItem.numbered(10..<20, address: "events")) { false }
    #expect(during.accepted == 0)
    #expect(during.unreachable?.hasPrefix("Kafka at \(kafka.brokers): ") == true)
    try kafka.up()
    #expect(sender.send(OutgoingItem.numbered(10..<20, address: "events")) { false } == SendResult(accepted: 10))
    #expect(values(try kafka.records("events"), key: "door") == (0..<20).map { #"{"n":\#($0)}"# })
  }

  @Test func givenARunThatEnds_whenTheClusterIsAway_thenSendingEnds() throws {
    let kafka = try TestKafka()
    try kafka.down()
    #expect(try sender(kafka, patienceS: 3600).send(OutgoingItem.numbered(0..<5)) { true }.accepted == 0)
  }

  @Test func givenAnItemThatIsTooLarge_whenSent_thenItAloneIsRefused() throws {
    let kafka = try TestKafka()
    let sender = try sender(kafka)
    let large = OutgoingItem(
      id: "large", stream: "door", kind: "frame", address: "events", body: [UInt8](repeating: 65, count: 1_100_000))
    let result = sender.send(
      OutgoingItem.numbered(0..<3, address: "events") + [large] + OutgoingItem.numbered(3..<5, address: "events")
    ) { false }
    #expect(result.accepted == 3)
    #expect(result.refused?.contains("too large") == true)
    #expect(sender.send(OutgoingItem.numbered(3..<5, address: "events")) { false } == SendResult(accepted: 2))
    #expect(values(try kafka.records("events"), key: "door") == (0..<5).map { #"{"n":\#($0)}"# })
  }

  @Test func givenATopicThatTheClusterForbids_whenSent_thenTheItemIsRefused() throws {
    let kafka = try TestKafka()
    let sender = try sender(kafka)
    #expect(sender.send(OutgoingItem.numbered(0..<1, address: "events")) { false }.accepted == 1)
    try kafka.fail(29, 1)
    let result = sender.send(OutgoingItem.numbered(1..<2, address: "events")) { false }
    #expect(result.refused?.contains("uthorization") == true)
  }

  @Test func givenErrorsThatPass_whenSent_thenTheProducerRepeatsWithoutDuplicates() throws {
    let kafka = try TestKafka()
    let sender = try sender(kafka)
    #expect(sender.send(OutgoingItem.numbered(0..<1, address: "events")) { false }.accepted == 1)
    // Not enough replicas.
    try kafka.fail(19, 2)
    #expect(sender.send(OutgoingItem.numbered(1..<20, address: "events")) { false }.accepted == 19)
    #expect(values(try kafka.records("events"), key: "door") == (0..<20).map { #"{"n":\#($0)}"# })
  }

  @Test func givenAnOptionThatLibrdkafkaDoesNotHave_whenAProducerIsMade_thenItsWordsAreShown() throws {
    let settings = KafkaSettings(
      brokers: "localhost:1", clientID: "test", pipeline: "shop", options: ["sasl.mecanism": "PLAIN"])
    let error = try #require(throws: PipelineError.self) { try KafkaProducer(KafkaLibrary.shared(), settings) }
    #expect(error.description.contains("the option 'sasl.mecanism': No such configuration property"))
    #expect(error.exit == .config)
  }

  @Test func givenSASLAndTLS_whenAProducerIsMade_thenLibrdkafkaTakesThem() throws {
    let options = [
      "security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "u", "sasl.password": "p",
    ]
    let settings = KafkaSettings(brokers: "localhost:1", clientID: "test", pipeline: "shop", options: options)
    #expect(throws: Never.self) { try KafkaProducer(KafkaLibrary.shared(), settings) }
  }
}
