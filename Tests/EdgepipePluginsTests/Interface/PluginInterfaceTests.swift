import EdgepipeCore
import EdgepipePluginHost
import Foundation
import PipelineTestSupport
import Testing

/// Plugins and programs of different versions.
@Suite struct PluginInterfaceTests {
  private static let old = "Tests/EdgepipePluginsTests/Plugins/edgepipe-1.0"

  private func layout(_ include: String) throws -> [String] {
    let folder = try TestData.temporaryFolder("layout")
    defer { try? FileManager.default.removeItem(at: folder) }
    let program = folder.appendingPathComponent("layout")
    try PluginFolder.compile(
      ["Tests/EdgepipePluginsTests/Plugins/layout.c"], to: program.path, include: include)
    let result = try TestData.run(program, [])
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test("given the header of version 1.0, when compared with this one, then every field lies where it lay")
  func offsets() throws {
    let before = try layout(Self.old), now = try layout("include")
    #expect(before.count > 100)
    #expect(before == now)
  }

  private func frame(_ sequence: Int) -> PluginFrame { ProcessFixture.frame(sequence) }

  private func instance(_ folder: PluginFolder, log: @escaping PluginLog = { _, _ in }, mode: String = "usual") throws
    -> any PluginRunning
  {
    let library = try PluginLibrary(opening: folder.path + "/lib.so")
    return try library.makeInstance(
      PluginSetup(
        path: folder.path, type: "test.echo", stage: "echo", configuration: Array("{\"mode\":\"\(mode)\"}".utf8)),
      log: log)
  }

  @Test("given a plugin of the old header, when it gets frames, then it works as one of this header")
  func older() throws {
    let folder = try PluginFolder(include: Self.old, options: ["-DTAIL=-1"])
    defer { folder.remove() }
    let instance = try instance(folder)
    defer { instance.close() }
    let answer = try instance.process(frame(0))
    #expect(answer.verdict == .done)
    #expect(answer.events.first?.kind == "echo.frame")
    #expect(answer.events.first?.fields?.contains("\"format\":\"gray\"") == true)
  }

  @Test("given a plugin of a later header, when it asks for nothing new, then its longer structures are taken")
  func newer() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let instance = try instance(folder)
    defer { instance.close() }
    #expect(try instance.process(frame(0)).events.count == 1)
  }

  @Test("given a plugin of a later header, when it asks for something new, then that frame is lost with the reason")
  func newerAsking() throws {
    let folder = try PluginFolder(options: ["-DTAIL=5"])
    defer { folder.remove() }
    let instance = try instance(folder)
    defer { instance.close() }
    let failure = #expect(throws: PluginFailure.self) { _ = try instance.process(frame(0)) }
    #expect(failure?.consequence == .skipFrame)
    #expect(failure?.message.contains("does not know") == true)
  }

  @Test("given a plugin of another major version, when it is loaded, then it is refused with both versions")
  func major() throws {
    let folder = try PluginFolder(options: ["-DABI=0x20000"], sealed: false)
    defer { folder.remove() }
    let failure = #expect(throws: PluginFailure.self) { _ = try PluginLibrary(opening: folder.path + "/lib.so") }
    #expect(failure?.message.contains("version 2") == true && failure?.code == .mismatch)
  }

  @Test("given a library that is no plugin, when it is loaded, then it is refused")
  func noPlugin() throws {
    let failure = #expect(throws: PluginFailure.self) {
      _ = try PluginLibrary(opening: "/lib/x86_64-linux-gnu/libm.so.6")
    }
    #expect(failure != nil)
  }

  @Test("given an instance, when it answers in its ways, then each has its consequence")
  func answers() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let instance = try instance(folder)
    defer { instance.close() }
    #expect(try instance.process(frame(1)).verdict == .drop)
    let failure = #expect(throws: PluginFailure.self) { _ = try instance.process(frame(2)) }
    #expect(failure?.consequence == .skipFrame && failure?.message == "test.echo: not this one")
    let found = try instance.process(frame(3)).checked(width: 64, height: 48)
    #expect(found.results.first?.detections.first?.box == Box(x: 0, y: 4, width: 10, height: 8))
    let nonsense = try instance.process(frame(4))
    #expect(throws: PluginFailure.self) { _ = try nonsense.checked(width: 64, height: 48) }
    let picture = try #require(try instance.process(frame(5)).picture)
    #expect(picture.format == "gray" && picture.width == 64)
    #expect(unsafe picture.planes[0].start[5] == 99)
    try instance.flush()
    #expect(try instance.process(frame(8)).events.first?.fields?.contains("\"flushed\":1") == true)
  }

  @Test("given random numbers, when a frame comes again, then they are the same, and other frames have others")
  func random() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let one = try instance(folder), other = try instance(folder)
    defer {
      one.close()
      other.close()
    }
    _ = try one.process(frame(6))
    let first = try one.process(frame(8)).events.first?.fields,
      second = try other.process(frame(8)).events.first?.fields
    #expect(first == second)
    #expect(try other.process(frame(16)).events.first?.fields != first)
  }

  @Test("given a configuration that the plugin refuses, when it is made, then its words are in the error")
  func refusal() throws {
    let folder = try PluginFolder()
    defer { folder.remove() }
    let failure = #expect(throws: PluginFailure.self) { _ = try instance(folder, mode: "refuse") }
    #expect(failure?.message.contains("it does not like this") == true)
    #expect(failure?.consequence == .stopPipeline)
  }
}
