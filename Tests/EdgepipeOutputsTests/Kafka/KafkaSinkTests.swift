import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

struct KafkaSinkTests {
  private func settings(_ json: String) throws -> KafkaSettings {
    let context = StageContext(
      id: "kafka", pipeline: "shop", clock: ManualClock(), logger: LogLines().logger(), framesInFlight: 1,
      threads: ThreadCensus())
    return try KafkaSettings(JSONDecoder().decode(KafkaSink.Configuration.self, from: Data(json.utf8)), context)
  }

  @Test func givenOptions_whenRead_thenTheyAreHandedOnBeforeThoseOfTheSink() throws {
    let settings = try settings(
      #"{"brokers":["a:1","b:2"],"options":{"sasl.mechanism":"PLAIN","linger.ms":5,"socket.keepalive.enable":true}}"#)
    #expect(settings.brokers == "a:1,b:2")
    #expect(
      settings.properties.prefix(3).map { "\($0.name)=\($0.value)" } == [
        "linger.ms=5", "sasl.mechanism=PLAIN", "socket.keepalive.enable=true",
      ])
    #expect(settings.properties.contains { $0 == ("enable.idempotence", "true") })
  }

  @Test(arguments: [
    #"{"brokers":["kafka://a:1"]}"#, #"{"brokers":["u:p@a:1"]}"#, #"{"brokers":["a:1,b:2"]}"#, #"{"brokers":[""]}"#,
    #"{"brokers":["a:1"],"options":{"acks":"1"}}"#, #"{"brokers":["a:1"],"options":{"linger.ms":[5]}}"#,
  ])
  func givenWhatCannotBe_whenChecked_thenItIsRefused(_ json: String) throws {
    let error = try #require(throws: PipelineError.self) { try settings(json) }
    #expect(error.exit == .config)
  }
}
