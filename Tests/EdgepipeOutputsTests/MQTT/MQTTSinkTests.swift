import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

struct MQTTSinkTests {
  private func error(_ change: (inout MQTTSink.Configuration) -> Void) throws -> PipelineError? {
    var configuration = MQTTSink.Configuration(url: "mqtts://broker.example")
    change(&configuration)
    do {
      _ = try MQTTSettings(configuration, Self.context)
      return nil
    } catch { return error }
  }

  private static let context = StageContext(
    id: "broker", pipeline: "shop", clock: ManualClock(), logger: LogLines().logger(), framesInFlight: 1,
    threads: ThreadCensus())

  @Test func givenAddresses_whenRead_thenSchemeAndPortAreWhatTheySay() throws {
    for (url, host, port, isTLS) in [
      ("mqtt://broker", "broker", 1883, false), ("mqtts://broker", "broker", 8883, true),
      ("MQTTS://10.0.0.1:1234/", "10.0.0.1", 1234, true), ("mqtt://[::1]:99", "::1", 99, false),
    ] {
      let settings = try MQTTSettings(MQTTSink.Configuration(url: url), Self.context)
      #expect((settings.host, settings.port, settings.tls != nil) == (host, port, isTLS))
    }
  }

  @Test func givenDefaults_whenRead_thenTheClientIDIsOneThatEveryBrokerTakes() throws {
    let id = try MQTTSettings(MQTTSink.Configuration(url: "mqtt://broker"), Self.context).clientID
    #expect((1...23).contains(id.utf8.count))
    #expect(id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
  }

  @Test func givenWhatDoesNotGoTogether_whenChecked_thenItIsRefusedWithoutSecrets() throws {
    let wrong: [(inout MQTTSink.Configuration) -> Void] = [
      { $0.url = "http://broker" }, { $0.url = "mqtt://user:s3cret@broker" }, { $0.url = "mqtt://broker/topic" },
      { $0.url = "mqtt://broker:70000" }, { $0.password = "s3cret" },
      { ($0.username, $0.password, $0.passwordFile) = ("u", "s3cret", "f") },
      { $0.certificate = "c.pem" }, { ($0.url, $0.ca) = ("mqtt://broker", "ca.pem") }, { $0.base = "a/" },
      { $0.base = "a/{stream}" }, { $0.clientID = "" },
    ]
    for change in wrong {
      let error = try #require(try error(change))
      #expect(error.exit == .config)
      #expect(!error.description.contains("s3cret"))
    }
    #expect(try error { ($0.username, $0.password, $0.certificate, $0.key) = ("u", "s3cret", "c.pem", "k.pem") } == nil)
  }

  @Test func givenATemplateThatReachesOrders_whenOrdersAreTaken_thenItIsRefused() throws {
    var configuration = MQTTSink.Configuration(url: "mqtt://broker")
    (configuration.topic, configuration.commands) = ("edgepipe/shop/{stream}/{kind}", true)
    #expect(throws: PipelineError.self) { try MQTTSink(configuration, context: Self.context) }
    configuration.commands = false
    #expect(throws: Never.self) { try MQTTSink(configuration, context: Self.context) }
  }

  @Test func givenAPasswordFile_whenRead_thenItsFirstLineIsThePassword() throws {
    let files = try FilesFixture()
    #expect(try MQTTSettings.password(from: files.file("a", "s3cret \r\nsecond\n")) == "s3cret ")
    let empty = try files.file("b", "\n")
    #expect(throws: PipelineError.self) { try MQTTSettings.password(from: empty) }
    #expect(throws: PipelineError.self) { try MQTTSettings.password(from: files.path("none")) }
  }
}
