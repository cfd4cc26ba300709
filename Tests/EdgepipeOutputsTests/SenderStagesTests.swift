import EdgepipeOutputs
import Pipeline
import Testing

struct SenderStagesTests {
  @Test func givenTheListOfSenders_whenRegistered_thenEachIsASink() {
    var registry = StageRegistry()
    registry.registerSenders()
    #expect(registry.all.allSatisfy { $0.role == .sink })
  }
}
