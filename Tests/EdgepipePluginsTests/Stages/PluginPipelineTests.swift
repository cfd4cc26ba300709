import EdgepipeCore
import EdgepipePlugins
import Foundation
@_spi(Pixels) import Pipeline
import PipelineTestSupport
import PipelineTesting
import Stages
import Testing

/// Stages of plugins in pipelines.
@Suite struct PluginPipelineTests {
  private static let noFolders = PluginFolders(environment: [:])

  private func config(_ folders: [String], _ options: String, type: String = "test.echo") throws -> PipelineConfig {
    let paths = folders.map { "\"\($0)\"" }.joined(separator: ", ")
    return try PipelineConfig.load(
      text: """
        {"version": 1, "plugins": [\(paths)], "stages": [
          {"id": "in", "type": "source.ffmpeg", "config": {"url": "none.mp4"}},
          {"id": "echo", "type": "\(type)", "after": ["in"], "config": \(options)},
          {"id": "out", "type": "sink.jsonl", "after": ["echo"], "config": {"path": "/dev/null"}}]}
        """, file: "test.json", registry: StageRegistry.builtin.withPlugins(Self.noFolders))
  }

  /// The plugin's stage of a file between a source of gray pictures and a sink.
  private func run(_ config: PipelineConfig, frames: Int, into out: Collector) throws -> PipelineRunner {
    var plan = PipelinePlan(config, registry: .builtin)
    plan.stages = [
      .source("in", count: frames),
      .transform("gray", after: ["in"]) { frame, _ in
        var frame = frame
        frame.image = GrayPicture(width: 64, height: 48, value: UInt8(frame.header.sequence % 200))
        return .emit(frame)
      },
      plan.stages[1],
      .sink("out", after: ["echo"], into: out),
    ]
    plan.stages[2].after = ["gray"]
    let runner = try PipelineRunner(plan, logger: LogLines().logger())
    try runner.run()
    return runner
  }

  @Test(
    "given a plugin, when a pipeline runs it inline or in a process, then its answers are on the frames",
    arguments: ["inline", "process"])
  func running(_ isolation: String) throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let out = Collector()
    let runner = try run(
      config([folder.path], "{\"plugin\": {\"isolation\": \"\(isolation)\"}}"), frames: 16, into: out)
    // Two of eight are lost, one is dropped: frames 1, 2 and 4 of each.
    #expect(out.sequences == [0, 3, 5, 6, 7, 8, 11, 13, 14, 15])
    #expect(out.all.allSatisfy { $0.events.first?.kind == "echo.frame" && $0.events.first?.stage == "echo" })
    #expect(out.all[1].results.first?.stage == "echo")
    #expect(out.all[1].detections.first?.label == "thing")
    let report = runner.snapshot(withFacts: true)
    let ledger = report.ledger
    #expect(ledger.admitted == 16 && ledger.delivered == 10)
    #expect(ledger.isBalanced)
  }

  @Test("given two plugins with one type, when the pipeline is made, then the error names both")
  func clash() throws {
    let one = try PluginFolder(name: "one"), two = try PluginFolder(name: "two")
    defer {
      one.remove()
      two.remove()
    }
    let config = try config([one.path, two.path], "{}")
    let error = #expect(throws: StageBuildErrors.self) {
      _ = try PipelineRunner(PipelinePlan(config, registry: .builtin), logger: LogLines().logger())
    }
    let text = error?.errors.map(\.description).joined() ?? ""
    #expect(text.contains(one.path) && text.contains(two.path), "\(text)")
  }

  @Test("given a library that has changed since it was sealed, when the pipeline is made, then it is not loaded")
  func changed() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/lib.so"))
    try file.seekToEnd()
    try file.write(contentsOf: Data([0]))
    try file.close()
    let config = try config([folder.path], "{\"plugin\": {\"isolation\": \"inline\"}}")
    let error = #expect(throws: StageBuildErrors.self) {
      _ = try PipelineRunner(PipelinePlan(config, registry: .builtin), logger: LogLines().logger())
    }
    #expect(error?.errors.first?.message.contains("sha256") == true)
  }

  @Test("given an option that the schema does not have, when the file is checked, then it is told at its place")
  func options() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let errors = #expect(throws: ConfigErrors.self) { _ = try config([folder.path], "{\"mood\": \"bad\"}") }
    #expect(errors?.issues.first?.path == "stages[1].config.mood")
    #expect(errors?.issues.first?.suggestion == "mode")
    let wrong = #expect(throws: ConfigErrors.self) { _ = try config([folder.path], "{\"mode\": 7}") }
    #expect(wrong?.issues.first?.message == "expected a string, found an integer")
  }

  @Test("given a folder without a plugin, when the file is checked, then the error stands at the folder")
  func missing() throws {
    let errors = #expect(throws: ConfigErrors.self) { _ = try config(["/nowhere"], "{}") }
    #expect(errors?.issues.first?.path == "plugins[0]")
  }

  @Test(
    "given a plugin that asks for the network, when the pipeline does not allow it, then the error says what to add")
  func wishes() throws {
    let folder = try PluginFolder(needs: "{\"network\": true, \"read\": [\"/data\"]}")
    defer { folder.remove() }
    let config = try config([folder.path], "{}")
    let error = #expect(throws: StageBuildErrors.self) {
      _ = try PipelineRunner(PipelinePlan(config, registry: .builtin), logger: LogLines().logger())
    }
    #expect(error?.errors.first?.remedy?.contains("\"network\": true, \"read\": [\"/data\"]") == true)
  }

  @Test("given a plugin with the name of a built-in type, when the file is checked, then that is told")
  func builtin() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let path = folder.path + "/plugin.json"
    let text = try String(contentsOfFile: path, encoding: .utf8).replacing("test.echo", with: "sink.jsonl")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let errors = #expect(throws: ConfigErrors.self) { _ = try config([folder.path], "{}") }
    #expect(errors?.issues.first?.message.contains("the program's own") == true)
  }

  @Test(
    "given the histogram of the examples, when brightness changes at once, then there is an event and an attachment")
  func histogram() throws {
    let folder = try PluginFolder("Examples/plugins/histogram/histogram.c", name: "histogram")
    defer { folder.remove() }
    let out = Collector()
    _ = try run(
      config([folder.path], "{\"bins\": 4, \"plugin\": {\"isolation\": \"inline\"}}", type: "example.histogram"),
      frames: 80,
      into: out)
    // Brightness rises by one each frame and crosses from the first of four classes into the second at 64.
    #expect(out.all.filter { !$0.events.isEmpty }.map(\.header.sequence) == [64])
  }
}
