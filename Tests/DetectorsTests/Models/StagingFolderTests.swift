import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore

@Suite("What is not finished in the model store")
struct StagingFolderTests {
  private let store: URL
  init() throws { store = try TestData.temporaryFolder("staging") }

  private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: store.path).sorted() }

  @Test func `given what a killed program left when the next one begins then it is cleared, and nothing else`() throws {
    defer { try? FileManager.default.removeItem(at: store) }
    let left = [
      ".yolox-nano-\(UUID().uuidString)", ".yolox-nano-old-\(UUID().uuidString)", ".pull-\(UUID().uuidString)",
    ]
    let others = [
      ".git", ".yolox-nano-", "yolox-nano", ".notes-not-a-uuid-of-thirty-six-characters-x", UUID().uuidString,
    ]
    for name in left + others {
      try FileManager.default.createDirectory(at: store.appendingPathComponent(name), withIntermediateDirectories: true)
      try Data("x".utf8).write(to: store.appendingPathComponent(name).appendingPathComponent("model.onnx"))
    }
    let folder = try StagingFolder(in: store, name: "new")
    #expect(try names() == (others + [folder.url.lastPathComponent]).sorted())
    folder.remove()
    #expect(try names() == others.sorted())
  }

  /// Where a file system cannot exchange folders, the old model steps aside first.
  @Test func `given a program killed between two steps when the next one begins then the old model is back`() throws {
    defer { try? FileManager.default.removeItem(at: store) }
    try install("mine", "one", replaces: false)
    let aside = StagingFolder.aside(in: store, name: "mine")
    try FileManager.default.moveItem(at: store.appendingPathComponent("mine"), to: aside)
    StagingFolder.clearLeftovers(in: store)
    #expect(try names() == ["mine"] && model("mine") == "one")
    // Where another has taken its place, it goes.
    try FileManager.default.copyItem(at: store.appendingPathComponent("mine"), to: aside)
    StagingFolder.clearLeftovers(in: store)
    #expect(try names() == ["mine"])
  }

  @Test func `given a program that is at work when another begins then its folder stays`() throws {
    defer { try? FileManager.default.removeItem(at: store) }
    let first = try StagingFolder(in: store, name: "a"), second = try StagingFolder(in: store, name: "a")
    StagingFolder.clearLeftovers(in: store)
    #expect(try Set(names()) == [first.url.lastPathComponent, second.url.lastPathComponent])
    first.remove()
    #expect(try names() == [second.url.lastPathComponent])
    second.remove()
  }

  private func install(_ name: String, _ text: String, replaces: Bool) throws {
    let manifest = ModelManifest(
      name: name, head: .yolox, input: ModelManifest.Head.yolox.defaultInput, inputSize: 416, classes: ["a"],
      file: "model.onnx", sha256: "", licence: "MIT", origin: "test")
    try ModelStore(folder: store).install(manifest, replaces: replaces) { try Data(text.utf8).write(to: $0) }
  }

  private func model(_ name: String) throws -> String {
    try String(contentsOf: store.appendingPathComponent(name).appendingPathComponent("model.onnx"), encoding: .utf8)
  }

  @Test func `given a model when another of its name is installed then it is replaced only where that is meant`() throws
  {
    defer { try? FileManager.default.removeItem(at: store) }
    try install("mine", "one", replaces: false)
    let error = #expect(throws: PipelineError.self) { try install("mine", "two", replaces: false) }
    #expect(error?.exit == .usage && error?.message.contains("already exists") == true)
    #expect(try model("mine") == "one")
    try install("mine", "two", replaces: true)
    #expect(try model("mine") == "two" && names() == ["mine"])
  }

  @Test func `given a folder that is no model when one of its name is installed then it stays as it is`() throws {
    defer { try? FileManager.default.removeItem(at: store) }
    let pictures = store.appendingPathComponent("pictures")
    try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: pictures.appendingPathComponent("a.jpg"))
    let error = #expect(throws: PipelineError.self) { try install("pictures", "one", replaces: true) }
    #expect(error?.exit == .ioError && error?.message.contains("is not a model") == true)
    #expect(try names() == ["pictures"] && FileManager.default.contentsOfDirectory(atPath: pictures.path) == ["a.jpg"])
    // Nor does a folder of somebody's model files go, or one with a manifest among other things.
    try Data("mine".utf8).write(to: pictures.appendingPathComponent("manifest.json"))
    #expect(throws: PipelineError.self) { try install("pictures", "one", replaces: true) }
    let exports = store.appendingPathComponent("exports")
    try FileManager.default.createDirectory(at: exports, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: exports.appendingPathComponent("a.onnx"))
    #expect(throws: PipelineError.self) { try install("exports", "one", replaces: false) }
    #expect(FileManager.default.fileExists(atPath: exports.appendingPathComponent("a.onnx").path))
    // What a model has left behind is no obstacle.
    try FileManager.default.createDirectory(
      at: store.appendingPathComponent("empty"), withIntermediateDirectories: true)
    try install("empty", "one", replaces: false)
    #expect(try model("empty") == "one")
  }
}
