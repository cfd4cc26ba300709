import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Pipeline

@Suite("Graph")
struct GraphTests {
  @Test("given a diamond, when ordered, then every stage comes after those that feed it and knows its source")
  func diamond() throws {
    let graph = try Graph([("sink", ["a", "b"]), ("a", ["in"]), ("b", ["in"]), ("in", [])])
    let position = Dictionary(uniqueKeysWithValues: graph.order.enumerated().map { ($1, $0) })
    for (index, node) in graph.nodes.enumerated() {
      for feeder in node.upstream { #expect((position[feeder] ?? 99) < (position[index] ?? -1)) }
      #expect(node.sources == [3])
    }
    #expect(graph.reachable(from: 3).count == 3)
  }

  @Test("given a cycle, when ordered, then the error names its stages")
  func cycle() {
    let error = #expect(throws: PipelineError.self) { try Graph([("in", []), ("a", ["in", "b"]), ("b", ["a"])]) }
    #expect(error?.message == "these stages form a cycle: 'a', 'b'")
  }

  @Test("given a name that does not exist, or exists twice, when ordered, then the error says so")
  func badNames() {
    #expect(throws: PipelineError.self) { try Graph([("a", ["x"])]) }
    #expect(throws: PipelineError.self) { try Graph([("a", []), ("a", [])]) }
  }
}

@Suite("Credits")
struct CreditGateTests {
  @Test("given all credits taken, when one more is asked for at once, then it is refused until one comes back")
  func limit() {
    let gate = CreditGate(limit: 2)
    #expect(gate.tryTake() && gate.tryTake())
    #expect(!gate.tryTake())
    gate.giveBack()
    #expect(gate.taken == 1)
    #expect(gate.take())
  }

  @Test("given credits that are out, when the limit changes, then as many more or fewer are free")
  func changed() {
    let gate = CreditGate(limit: 4)
    #expect(gate.tryTake() && gate.tryTake())
    gate.change(limit: 1)
    #expect(gate.limit == 1 && gate.taken == 2)
    gate.giveBack()
    #expect(!gate.tryTake())
    gate.giveBack()
    #expect(gate.tryTake() && !gate.tryTake())
    gate.change(limit: 3)
    #expect(gate.tryTake() && gate.tryTake() && !gate.tryTake())
  }

  @Test("given a thread that waits for a credit, when the gate closes, then it is told no")
  func close() throws {
    let gate = CreditGate(limit: 1)
    #expect(gate.tryTake())
    let answer = Monitor<Bool?>(nil)
    let thread = try WorkerThread(name: "waiter") {
      let admitted = gate.take()
      answer.change { $0 = admitted }
    }
    gate.close()
    thread.join()
    #expect(answer.withLock { $0 } == false)
  }
}
