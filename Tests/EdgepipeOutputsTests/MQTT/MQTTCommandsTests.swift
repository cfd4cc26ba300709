import EdgepipeCore
import Pipeline
import Testing

@testable import EdgepipeOutputs

struct MQTTCommandsTests {
  private let commands = MQTTCommands(
    base: "edgepipe/shop",
    .init(
      set: { options, stage throws(PipelineError) in
        throw PipelineError("'\(stage)' got \(String(decoding: options, as: UTF8.self))", code: .invalidArgument)
      },
      setDetecting: { isOn throws(PipelineError) in
        throw PipelineError("detecting: \(isOn)", remedy: "wait", code: .unavailable)
      }))

  private func order(_ topic: String, _ payload: String) throws -> MQTTCommands.Order {
    try commands.order(topic: topic, payload: Array(payload.utf8))
  }

  @Test func givenOrders_whenRead_thenTheySayWhatIsMeant() throws {
    #expect(try order("edgepipe/shop/set/detection", "OFF") == .detection(false))
    #expect(try order("edgepipe/shop/set/detection", "true") == .detection(true))
    #expect(
      try order("edgepipe/shop/set/objects/score", "0.5")
        == .set(stage: "objects", option: "score", value: .double(0.5)))
    #expect(
      try order("edgepipe/shop/set/objects/model", "yolox-tiny")
        == .set(stage: "objects", option: "model", value: .string("yolox-tiny")))
  }

  @Test(arguments: [
    ("edgepipe/shop/set/detection", "maybe"), ("edgepipe/shop/set/else", "on"), ("edgepipe/shop/set/a/b/c", "1"),
    ("edgepipe/shop/set", "1"), ("edgepipe/shop/other/a/b", "1"), ("x", ""),
  ])
  func givenWhatIsNoOrder_whenRead_thenItIsRefused(_ topic: String, _ payload: String) {
    #expect(throws: PipelineError.self) { try order(topic, payload) }
  }

  @Test func givenAnOrderThatFails_whenCarriedOut_thenTheAnswerSaysWhy() {
    let answer = commands.carryOut(topic: "edgepipe/shop/set/objects/score", payload: Array("2".utf8))
    #expect(
      String(decoding: answer, as: UTF8.self)
        == #"{"error":"'objects' got {\"score\":2}","ok":false,"topic":"edgepipe/shop/set/objects/score"}"#)
  }
}
