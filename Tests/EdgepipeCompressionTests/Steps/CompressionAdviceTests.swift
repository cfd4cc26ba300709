import Testing

@testable import EdgepipeCompression

@Suite("Advice by memory")
struct CompressionAdviceTests {
  @Test(
    "given memory, when advised, then the step of the plan that covers it",
    arguments: [
      (512, "structured pruning 0.8", 409), (1023, "structured pruning 0.8", 818),
      (1024, "unstructured pruning 0.6", 819),
      (4095, "unstructured pruning 0.6", 3276), (4096, "unstructured pruning 0.4", 3276),
    ])
  func advice(memory: Int, first: String, limit: Int) {
    let advice = CompressionAdvice(memoryMB: memory)
    #expect(advice.steps.first == first)
    #expect(advice.modelLimitMB == limit)
  }
}
