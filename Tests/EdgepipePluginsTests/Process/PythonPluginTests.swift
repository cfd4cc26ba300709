import EdgepipeCore
import EdgepipePluginHost
import EdgepipePlugins
import Foundation
import PipelineTestSupport
import Testing

/// The examples in Python, each in its process.
@Suite(.enabled(if: TestData.python != nil, "needs .deps/python (scripts/setup)"))
struct PythonPluginTests {
  private static func start(
    _ example: String, _ type: String, role: PluginTypeFacts.Role, _ configuration: String, said: ProcessFixture.Said
  ) throws -> PluginProcess {
    let file = TestData.packageRoot.appendingPathComponent("Examples/plugins/\(example)/\(example).py").path
    let python = try #require(TestData.python)
    var launch = ProcessFixture.launch(timeLimitMs: 60_000)
    launch.startLimitMs = 120_000
    launch.role = role
    launch.policy.readable = [(file as NSString).deletingLastPathComponent]
    try PythonInterpreter([PythonInterpreter.variable: python.path]).prepare(&launch)
    let setup = PluginSetup(path: file, type: type, stage: example, configuration: Array(configuration.utf8))
    return try PluginProcess(launch, setup, log: { said.log($0, $1) }, tell: { said.tell($0) })
  }

  @Test("given a square that moves in pictures of a source in Python, when OpenCV looks for motion, then it finds it")
  func motion() throws {
    let said = ProcessFixture.Said()
    let pattern = try Self.start(
      "pattern", "pattern.square", role: .source,
      #"{"width":320,"height":240,"fps":25,"frames":40,"side":48}"#, said: said)
    defer { pattern.close() }
    let motion = try Self.start(
      "motion", "motion.mog2", role: .transform, #"{"leastArea":400,"history":120}"#, said: said)
    defer { motion.close() }
    var found = 0
    for number in 0..<40 {
      let given = try pattern.next(now: MonotonicTime(nanoseconds: 1))
      #expect(given.verdict == .done)
      #expect(given.source?.mediaTime == MediaTime(seconds: Double(number) / 25))
      var frame = ProcessFixture.frame(number, width: 320, height: 240)
      frame.picture = try #require(given.picture)
      let answer = try motion.process(frame)
      let square = Box(x: Float(number * 4 % 272), y: Float(number * 2 % 192), width: 48, height: 48)
      let detections = answer.results.first?.detections ?? []
      // Anything may be found while the background is learnt.
      if number > 10, detections.contains(where: { $0.box.iou(square) > 0.5 }) { found += 1 }
    }
    #expect(found > 20, "\(said.lines)")
    #expect(try pattern.next(now: MonotonicTime(nanoseconds: 1)).verdict == .ended)
  }

  @Test("given a file without the type, when it is started, then the error says so")
  func missing() {
    let failure = #expect(throws: PluginFailure.self) {
      _ = try Self.start("motion", "motion.other", role: .transform, "{}", said: .init())
    }
    #expect(failure?.message.contains("motion.other") == true)
  }
}
