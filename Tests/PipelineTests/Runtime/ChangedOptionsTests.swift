import Foundation
import PipelineTestSupport
import PipelineTesting
import Synchronization
import Testing

@testable import EdgepipeCore
@testable import Pipeline

/// A runner that a stage of its own plan calls.
private final class Late: Sendable {
  private let runner = Mutex<PipelineRunner?>(nil)
  func set(_ new: PipelineRunner?) { runner.withLock { $0 = new } }
  var value: PipelineRunner? { runner.withLock { $0 } }
}

@Suite("Options that change while a pipeline runs", .timeLimit(.minutes(10)))
struct ChangedOptionsTests {
  private static func gain(
    _ id: String, after: [String], _ configuration: Gain.Configuration = .init(), workers: Int = 1
  ) throws -> PipelinePlan.StagePlan {
    try PipelinePlan.StagePlan(id, Gain.self, configuration, after: after, workers: workers)
  }

  private static func kinds(_ frames: [Frame]) -> [[String]] { frames.map { $0.events.map(\.kind) } }

  @Test(
    "given changes between two frames, when a manual clock runs the pipeline, then each frame has the options of its time",
    arguments: [1, 3])
  func exact(workers: Int) throws {
    let out = Collector(), late = Late()
    let clock = ManualClock()
    let stages = [
      .source("in", count: 90) { sequence in
        clock.advance(milliseconds: 40)
        switch sequence {
        case 30: _ = try? late.value?.changeOptions(of: "a", to: ["gain": .double(2.5), "limit": .int(7)])
        // Refused as a whole.
        case 45: _ = try? late.value?.changeOptions(of: "a", to: ["gain": .double(3), "limit": .int(2)])
        case 60: _ = try? late.value?.changeOptions(of: "a", to: ["limit": .null])
        default: break
        }
      },
      try Self.gain("a", after: ["in"], workers: workers), .sink("out", after: ["a"], into: out),
    ]
    let runner = try PipelineRunner(PipelinePlan(name: "t", stages: stages), clock: clock)
    late.set(runner)
    defer { late.set(nil) }
    try runner.run()
    let expected = (0..<90).map { $0 < 30 ? "a=1.0/0" : $0 < 60 ? "a=2.5/7" : "a=2.5/0" }
    #expect(Self.kinds(out.all) == expected.map { [$0] })
    #expect(out.all.map { $0.options?.version ?? 0 } == (0..<90).map { $0 < 30 ? 0 : $0 < 60 ? 1 : 2 })
  }

  @Test(
    "given changes at any time, when branches join, then no frame has seen old values at one stage and new at another")
  func together() throws {
    let out = Collector()
    let stages = [
      .source("in", count: 3000), try Self.gain("a", after: ["in"], workers: 3), try Self.gain("b", after: ["in"]),
      .transform("slow", after: ["b"]), .sink("out", after: ["a", "slow"], into: out),
    ]
    let runner = try PipelineRunner(PipelinePlan(name: "t", stages: stages))
    try runner.start()
    for step in 2...51 {
      // Both stages have the same number until the second of two changes.
      try runner.changeOptions(of: "a", to: ["gain": .int(step)])
      try runner.changeOptions(of: "b", to: ["gain": .int(step)])
    }
    #expect(runner.wait().isSuccess)
    #expect(out.all.count == 3000)
    var last = 0
    for frame in out.all {
      let version = frame.options?.version ?? 0
      #expect(version >= last, "versions never fall within a stream")
      last = version
      let a = 1 + (version + 1) / 2, b = 1 + version / 2
      #expect(Set(frame.events.map(\.kind)) == ["a=\(Double(a))/0", "b=\(Double(b))/0"], "version \(version)")
    }
  }

  @Test("given a change that cannot be, when asked for, then the error says why and what to do, and nothing changes")
  func refusals() throws {
    let out = Collector()
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          .source("in", count: 1), try Self.gain("gain", after: ["in"]), .sink("out", after: ["gain"], into: out),
        ]))
    func error(_ stage: String, _ json: String) -> String {
      do {
        _ = try runner.changeOptions(of: stage, json: Array(json.utf8))
        return "none"
      } catch { return error.code == .invalidArgument ? "\(error)" : "\(error.code)" }
    }
    #expect(error("gian", "{}").contains("there is no stage 'gian'; did you mean 'gain'?"))
    #expect(error("in", "{}").contains("the options of 'in' cannot change while the pipeline runs"))
    #expect(error("gain", "[1]").contains("expected an object of options"))
    #expect(error("gain", "{").contains("'gain': "))
    #expect(error("gain", #"{"gian": 1}"#).contains("'gain' has no option 'gian'; did you mean 'gain'?"))
    #expect(error("gain", #"{"zzzzzzzz": 1}"#).contains("options that can: gain, limit"))
    #expect(error("gain", #"{"model": "b"}"#).contains("'model' of 'gain' cannot change while the pipeline runs"))
    #expect(error("gain", #"{"gain": 101}"#).contains("gain: expected"))
    #expect(error("gain", #"{"gain": "loud"}"#).contains("gain: expected"))
    #expect(error("gain", #"{"gain": 2, "gain": 3}"#) != "none")
    #expect(error("gain", #"{"gain": 9, "limit": 2}"#).contains("'limit' is less than 'gain'"))
    #expect(try runner.changeOptions(of: "gain", to: ["gain": .double(1)]).options.isEmpty)
    try runner.run()
    #expect(Self.kinds(out.all) == [["gain=1.0/0"]])
    #expect(out.all.first?.options == nil)
  }

  @Test("given a change, when it is made, then old and new value come back and the log has them")
  func values() throws {
    let log = LogLines()
    let runner = try PipelineRunner(
      PipelinePlan(
        name: "t",
        stages: [
          .source("in", count: 1), try Self.gain("a", after: ["in"]), .sink("out", after: ["a"], into: Collector()),
        ]), logger: log.logger())
    let first = try runner.changeOptions(of: "a", to: ["limit": .int(5), "gain": .int(3)])
    #expect(first.version == 1 && first.stage == "a")
    #expect(
      Set(first.options) == [
        .init(name: "gain", old: "1", new: "3"), .init(name: "limit", old: nil, new: "5"),
      ])
    let second = try runner.changeOptions(of: "a", to: ["limit": .null, "gain": .double(3)])
    #expect(second.options == [.init(name: "limit", old: "5", new: nil)])
    #expect(log.all.contains { $0.contains("'a': limit is unset, was 5") }, "\(log.all)")
    try runner.run()
  }

  @Test(
    "given a recorded run with changes, when it is replayed, then every frame has the options that it had",
    arguments: 0..<4)
  func replayed(seed: Int) throws {
    let fixture = try TraceFixture()
    func run(_ journal: Journal, _ change: Bool) throws -> [String: [String]] {
      let lines = LineCollector(), late = Late()
      var random = SplitMix64(seed: UInt64(seed))
      let places = Set((0..<6).map { _ in Int.random(in: 0..<150, using: &random) })
      let stages = [
        .source("in", count: 150, isLive: true, deadlineMs: 20) { sequence in
          guard change, places.contains(sequence) else { return }
          _ = try? late.value?.changeOptions(of: sequence % 2 == 0 ? "a" : "b", to: ["gain": .int(sequence % 97)])
        },
        try Self.gain("a", after: ["in"], workers: 2), try Self.gain("b", after: ["a"]),
        lines.plan("out", after: ["b"], queue: 2),
      ]
      let runner = try PipelineRunner(
        PipelinePlan(name: "t", stages: stages), logger: TraceFixture.quiet, journal: journal)
      late.set(runner)
      defer { late.set(nil) }
      try runner.run()
      if journal.trace != nil {
        let error = #expect(throws: PipelineError.self) { try runner.changeOptions(of: "a", to: ["gain": .int(1)]) }
        #expect(error?.code == .unavailable)
      }
      return lines.all
    }
    let recorder = try fixture.recorder()
    let recorded = try run(.recording(recorder), true)
    let trace = try fixture.load()
    #expect(trace.options.count >= 3)
    #expect(try run(.replaying(trace), false) == recorded)
  }

  @Test("given a sink that writes events, when frames of several streams come, then each stream has each change once")
  func log() throws {
    let streams = ["x", "y"].map { StreamInfo(id: $0, sourceStage: $0) }
    let clock = ManualClock(), stage = try SingleStage(Gain.self, id: "a").stage
    let plan = try Self.gain("a", after: []), board = OptionBoard()
    var log = OptionsLog()
    func changes(_ stream: Int, _ options: ChangedOptions?) -> [Int] {
      var frame = TestFrames.frame(stream: streams[stream], sequence: 0, clock: clock)
      frame.options = options
      return log.changes(before: frame).map(\.version)
    }
    func change(_ gain: Int) throws -> ChangedOptions? {
      _ = try board.change(stage, plan, to: Array("{\"gain\":\(gain)}".utf8))
      return board.current
    }
    #expect(changes(0, board.current) == [])
    let first = try change(2), second = try change(3)
    #expect(changes(0, first) == [1] && changes(0, first) == [])
    #expect(changes(1, second) == [1, 2])
    // A frame of the other stream that was admitted before.
    #expect(changes(0, second) == [2] && changes(1, first) == [])
    for gain in 0..<200 { _ = try change(gain % 90 + 4) }
    let last = board.current
    #expect(changes(0, last).count == ChangedOptions.historyLimit)
    #expect(changes(0, last) == [])
  }
}
