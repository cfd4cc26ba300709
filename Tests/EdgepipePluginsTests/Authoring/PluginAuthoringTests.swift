import EdgepipeCore
import EdgepipePlugins
import Foundation
import PipelineTestSupport
import Testing

/// What authors of plugins have.
@Suite struct PluginAuthoringTests {
  @Test(
    "given a good plugin, when it is checked in a process and inline, then nothing is found", arguments: [false, true])
  func good(_ isInline: Bool) throws {
    let folder = try PluginFolder("Examples/plugins/histogram/histogram.c", name: "histogram")
    defer { folder.remove() }
    let findings = PluginCheck.run(try FoundPlugin(folder: folder.path), isInline: isInline)
    #expect(findings.count > 10)
    #expect(findings.allSatisfy { $0.outcome == .passed }, "\(findings)")
  }

  @Test("given a plugin that finds nonsense, when it is checked, then that is told")
  func bad() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let findings = PluginCheck.run(try FoundPlugin(folder: folder.path))
    #expect(findings.contains { $0.outcome == .failed })
  }

  @Test("given a manifest that says otherwise than the library, when it is checked, then the difference is told")
  func differing() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let path = folder.path + "/plugin.json"
    let text = try String(contentsOfFile: path, encoding: .utf8).replacing(
      "\"needsPicture\" : true", with: "\"needsPicture\" : false")
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let findings = PluginCheck.run(try FoundPlugin(folder: folder.path))
    #expect(findings.contains { $0.outcome == .failed && $0.text.contains("needs or makes something else") })
  }

  @Test(
    "given a new project, when it is built with the usual tool, then its test passes and the plugin passes the check",
    arguments: [PluginProject.Language.c, .cpp, .rust, .python])
  func project(_ language: PluginProject.Language) throws {
    let parent = try TestData.temporaryFolder("project")
    defer { try? FileManager.default.removeItem(at: parent) }
    let folder = parent.appendingPathComponent("my-stage").path
    let files = try PluginProject(name: "my-stage", language: language).write(to: folder)
    #expect(files.contains("plugin.json") && files.contains("pipeline.json"))
    let shell = URL(fileURLWithPath: "/bin/bash")
    func run(_ line: String) throws -> Bool {
      let result = try TestData.run(
        shell, ["-c", "cd '\(folder)' && export PATH=$PATH:$HOME/.cargo/bin EDGEPIPE=true && \(line)"])
      if result.status != 0 { Issue.record("\(line): \(String(decoding: result.output, as: UTF8.self))") }
      return result.status == 0
    }
    switch language {
    case .c, .cpp: #expect(try run("make test 2>&1 && make test-leaks 2>&1"))
    case .rust:
      guard try TestData.run(shell, ["-c", "PATH=$PATH:$HOME/.cargo/bin command -v cargo"]).status == 0 else { return }
      #expect(try run("make all 2>&1 && cargo test --offline 2>&1"))
    case .python:
      guard try TestData.run(shell, ["-c", "python3 -c 'import numpy'"]).status == 0 else { return }
      #expect(try run("python3 -m unittest 2>&1"))
    }
    let plugin = try PluginSeal.seal(folder)
    let findings = PluginCheck.run(plugin)
    #expect(findings.allSatisfy { $0.outcome == .passed }, "\(findings.filter { $0.outcome != .passed })")
  }

  @Test(
    "given a name that cannot be one, when a project is to be made, then it is refused",
    arguments: ["", "A", "a/b", "1a", "a-"])
  func names(_ name: String) {
    #expect(throws: PipelineError.self) { _ = try PluginProject(name: name, language: .c) }
  }
}
