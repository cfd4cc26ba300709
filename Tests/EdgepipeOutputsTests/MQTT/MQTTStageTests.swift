import EdgepipeCore
import Foundation
import Pipeline
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

/// The whole sink, from frames to a real broker.
@Suite(.enabled(if: TestBroker.isAvailable, "needs mosquitto and mosquitto-clients"))
struct MQTTStageTests {
  private let files: FilesFixture

  init() throws { files = try FilesFixture() }

  private func configuration(_ broker: TestBroker) throws -> MQTTSink.Configuration {
    var configuration = MQTTSink.Configuration(url: "mqtt://127.0.0.1:\(broker.port)")
    configuration.topic = "site/{stream}/{zone}/{kind}"
    configuration.sending.spool.folder = try files.folder("spool")
    configuration.sending.flushS = 60
    return configuration
  }

  private func frame(_ stage: SingleStage<MQTTSink>, _ sequence: Int) -> Frame {
    var frame = stage.frame(sequence)
    frame.add(
      FrameEvent(
        stage: "zones", kind: "zone.occupancy",
        fields: [.init("zone", .string("desk")), .init("count", .int(sequence))]))
    return frame
  }

  @Test func givenFramesWithEvents_whenTheSinkHasFinished_thenAllHaveArrivedAndTheStateIsTheLatest() throws {
    let broker = try TestBroker(files)
    try broker.subscribe("reader", "site/#")
    var configuration = try configuration(broker)
    configuration.homeAssistant = true
    let stage = try SingleStage(MQTTSink.self, configuration, id: "broker", clock: SystemClock())
    for sequence in 0..<50 { _ = try stage.process(frame(stage, sequence)) }
    try stage.finish()
    let lines = try broker.receive("reader", "site/#", count: 50)
    #expect(lines.allSatisfy { $0.hasPrefix("site/camera/desk/zone.occupancy {") })
    let objects = try lines.map { line in
      try #require(
        JSONSerialization.jsonObject(with: Data(line.utf8.drop { $0 != UInt8(ascii: "{") })) as? [String: Any])
    }
    #expect(objects.map { $0["count"] as? Int } == Array(0..<50))
    #expect(Set(objects.map { $0["id"] as? String }).count == 50)
    #expect(
      try broker.retained("edgepipe/#", count: 2) == [
        "edgepipe/pipeline/availability offline", "edgepipe/pipeline/state/camera/zones/desk/count 49",
      ])
    let announced = try broker.retained("homeassistant/#", count: 1)
    #expect(announced.first?.contains(#""state_topic":"edgepipe/pipeline/state/camera/zones/desk/count""#) == true)
  }

  @Test func givenABrokerThatIsAway_whenTheSinkHasFinished_thenTheNextRunSendsWhatIsLeft() throws {
    let broker = try TestBroker(files, isPersistent: true)
    try broker.subscribe("reader", "site/#")
    broker.stop()
    let configuration = try configuration(broker)
    do {
      let stage = try SingleStage(MQTTSink.self, configuration, id: "broker", clock: SystemClock())
      for sequence in 0..<20 { _ = try stage.process(frame(stage, sequence)) }
      try stage.finish()
    }
    try broker.start()
    do {
      let stage = try SingleStage(MQTTSink.self, configuration, id: "broker", clock: SystemClock())
      for sequence in 20..<30 { _ = try stage.process(frame(stage, sequence)) }
      try stage.finish()
    }
    let lines = try broker.receive("reader", "site/#", count: 30)
    for (sequence, line) in lines.enumerated() { #expect(line.contains(#""count":\#(sequence)}"#)) }
  }

}
