import EdgepipeCore
import EdgepipePluginHost
import EdgepipePlugins
import Foundation
import PipelineTesting
import Testing

/// Whatever a plugin does in its process costs the frame at hand and no more.
@Suite struct PluginProcessFaultTests {
  typealias Fixture = ProcessFixture

  @Test(
    "given a plugin that ends its process, when a frame comes, then that frame is lost and the next starts another",
    arguments: ["trap", "null", "abort", "exit", "closed-pipe", "nonsense-socket", "write-picture", "restart"])
  func ending(_ fault: String) throws {
    let said = Fixture.Said(), process = try Fixture.faulty(fault, from: 1, said: said)
    defer { process.close() }
    #expect(try process.process(Fixture.frame(0)).verdict == .done)
    let first = process.id
    let failure = #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(1)) }
    #expect(failure?.isLoss == true)
    #expect(failure?.consequence == .skipFrame)
    #expect(said.losses.count == 1)
    #expect(try process.process(Fixture.frame(2)).verdict == .done)
    #expect(process.id != first)
    #expect(process.starts == 2)
  }

  @Test("given a plugin that hangs, when its time is over, then it is ended", arguments: ["hang", "spin"])
  func hanging(_ fault: String) throws {
    let said = Fixture.Said()
    let process = try Fixture.faulty(fault, Fixture.launch(timeLimitMs: 200), said: said)
    defer { process.close() }
    let failure = #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(0)) }
    #expect(failure?.isLoss == true)
    #expect(said.losses == ["it did not answer within 200 ms"])
  }

  @Test("given a plugin that floods its log, when it does, then it is ended and few lines were passed on")
  func flooding() throws {
    let said = Fixture.Said(), process = try Fixture.faulty("flood", Fixture.launch(timeLimitMs: 60_000), said: said)
    defer { process.close() }
    #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(0)) }
    #expect(said.losses == ["it wrote more than 8 MB within 10 s to its log"])
    #expect(said.lines.count < 300)
  }

  @Test("given a plugin that takes ever more memory, when it reaches its limit, then it is ended")
  func leaking() throws {
    let said = Fixture.Said()
    let process = try Fixture.faulty("leak", Fixture.launch(memoryBytes: 128 << 20), said: said)
    defer { process.close() }
    let failure = #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(0)) }
    #expect(failure?.isLoss == true)
  }

  @Test(
    "given a plugin that ends while it is made, when frames come, then each is lost until it is disabled",
    arguments: ["exit-in-create", "crash-in-create"])
  func endingInCreate(_ fault: String) throws {
    let said = Fixture.Said(), process = try Fixture.faulty(fault, said: said)
    defer { process.close() }
    for sequence in 0..<6 {
      let failure = #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(sequence)) }
      #expect(failure?.isLoss == true)
    }
    #expect(said.isDisabled)
    #expect(process.starts == RestartBudget.mostFailures)
  }

  @Test("given a configuration that a plugin refuses, when it is made, then its own words are the error")
  func refusing() {
    let failure = #expect(throws: PluginFailure.self) { _ = try Fixture.faulty("refuse") }
    #expect(failure?.message.contains("fault must not be 'refuse'") == true)
    #expect(failure?.isLoss == false)
  }

  @Test("given a plugin that fails a frame, when it says so, then its process goes on")
  func skipping() throws {
    let process = try Fixture.faulty("skip")
    defer { process.close() }
    let failure = #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(0)) }
    #expect(failure?.isLoss == false)
    #expect(failure?.message.contains("not to its taste") == true)
    #expect(process.starts == 1)
    let other = try Fixture.faulty("nonsense-box")
    defer { other.close() }
    let answer = try other.process(Fixture.frame(0))
    #expect(throws: PluginFailure.self) { _ = try answer.checked(width: 64, height: 48) }
    #expect(other.starts == 1)
  }

  @Test("given failures that lie more than a minute apart, when they go on, then the plugin is never disabled")
  func failuresFarApart() throws {
    let clock = ManualClock(), said = Fixture.Said()
    let process = try Fixture.faulty("exit", clock: clock, said: said)
    defer { process.close() }
    for sequence in 0..<7 {
      #expect(throws: PluginFailure.self) { _ = try process.process(Fixture.frame(sequence)) }
      clock.advance(milliseconds: 20_000)
    }
    #expect(!said.isDisabled)
  }

  @Test("given a thousand restarts, when they are over, then no process, descriptor or memory is left")
  func nothingStays() throws {
    let clock = ManualClock(), process = try Fixture.faulty("exit", clock: clock)
    let descriptors = Fixture.openDescriptors()
    var ids: Set<Int32> = []
    for sequence in 0..<1000 {
      if let id = process.id { ids.insert(id) }
      clock.advance(milliseconds: 20_000)
      _ = try? process.process(Fixture.frame(sequence))
    }
    #expect(process.starts == 1000)
    process.close()
    // Other tests open some meanwhile.
    #expect(Fixture.openDescriptors() < descriptors + 100)
    #expect(ids.allSatisfy { kill($0, 0) != 0 })
  }
}
