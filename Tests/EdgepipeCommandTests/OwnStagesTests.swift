// Plain imports: this is what another package sees.
import EdgepipeCommand
import EdgepipeCore
import Foundation
import Pipeline
import Stages
import Testing

/// A stage that edgepipe does not have.
private final class Tally: FrameStage {
  struct Configuration: StageConfiguration {
    var step = 1
    static let options: [ConfigurationOption<Self>] = [.init("step", \.step, .integer(1...9), "What a frame counts.")]
  }

  static let type = "analytics.tally"
  static let summary = "Counts frames in steps, for a test."
  static let role = StageRole.transform
  static let needsImage = false

  private let step: Int

  init(_ configuration: Configuration, context: StageContext) { step = configuration.step }

  var facts: [String: ReportValue] { ["tally_step": .int(step)] }

  func makeWorker(_ context: WorkerContext) -> any FrameWorker { Worker() }

  private final class Worker: FrameWorker {
    func process(_ frame: Frame) -> FrameOutcome { .emit(frame) }
  }
}

/// A program with one more stage. Each command ends a process of its own, as in such a program.
@Suite("The command line with stages of its own")
struct OwnStagesTests {
  private static func run(_ arguments: [String]) -> Int32 {
    var registry = StageRegistry.builtin
    registry.register(Tally.self)
    return Edgepipe.run(arguments, registry: registry).rawValue
  }

  /// Runs a command on a pipeline of a source, the new stage and a sink.
  private static func end(_ command: String, options: [String] = [], step: Int) -> Never {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("edgepipe-own-\(UUID().uuidString).json")
    let text = """
      { "version": 1, "name": "own", "stages": [
        { "id": "camera", "type": "source.synthetic", "config": { "frames": 5, "live": false, "fps": 1000 } },
        { "id": "count", "type": "analytics.tally", "after": ["camera"], "config": { "step": \(step) } },
        { "id": "end", "type": "sink.null", "after": ["count"] }
      ] }
      """
    guard (try? text.write(to: file, atomically: true, encoding: .utf8)) != nil else { exit(99) }
    let status = run([command, file.path] + options)
    try? FileManager.default.removeItem(at: file)
    exit(status)
  }

  /// What a command printed on standard output or standard error.
  private func text(_ result: ExitTest.Result?) -> String {
    String(decoding: (result?.standardOutputContent ?? []) + (result?.standardErrorContent ?? []), as: UTF8.self)
  }

  @Test("given one more stage, when stages are listed, then it is among the built-in ones")
  func list() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      exit(Self.run(["stages"]))
    }
    let output = text(result)
    #expect(output.contains("analytics.tally"))
    #expect(output.contains("detect.yolo"))
  }

  @Test("given one more stage, when asked for it and for the schema, then its options are explained")
  func explained() async {
    let words = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      exit(Self.run(["stages", "analytics.tally"]))
    }
    #expect(text(words).contains("What a frame counts."))
    let schema = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      exit(Self.run(["schema"]))
    }
    #expect(text(schema).contains("analytics.tally"))
  }

  @Test("given one more stage, when a pipeline with it is validated, then it is good, and a wrong option is found")
  func validated() async {
    let good = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      Self.end("validate", step: 2)
    }
    #expect(text(good).contains("ok, 3 stages"))
    let bad = await #expect(processExitsWith: .exitCode(78), observing: [\.standardErrorContent]) {
      Self.end("validate", step: 10)
    }
    #expect(text(bad).contains("step"))
  }

  @Test("given one more stage, when a pipeline with it is run, then every frame goes through it")
  func runs() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      Self.end("run", options: ["--json"], step: 3)
    }
    let bytes = try #require(result?.standardOutputContent)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    let stages = try #require(report["stages"] as? [String: [String: Any]])
    let count = try #require(stages["count"])
    #expect(count["out"] as? Int == 5)
    #expect((count["facts"] as? [String: Any])?["tally_step"] as? Int == 3)
  }

  @Test("given only the built-in stages, when stages are listed, then the other one is unknown")
  func builtinOnly() async {
    let result = await #expect(processExitsWith: .exitCode(64), observing: [\.standardErrorContent]) {
      exit(Edgepipe.run(["stages", "analytics.tally"]).rawValue)
    }
    #expect(text(result).contains("there is no stage type 'analytics.tally'"))
  }
}
