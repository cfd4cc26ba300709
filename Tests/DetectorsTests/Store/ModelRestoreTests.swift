import EdgepipeCore
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors

@Suite("Model store: damaged files")
final class ModelRestoreTests {
  private let folder: URL
  private let store: ModelStore

  init() throws {
    folder = try TestData.temporaryFolder("restore")
    store = ModelStore(folder: folder.appendingPathComponent("models"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  @discardableResult
  private func install(_ name: String, _ text: String) throws -> ResolvedModel {
    let manifest = ModelManifest(
      name: name, head: .yolox, input: InputFormat(color: .bgr, placement: .topLeft, pad: 114), inputSize: 416,
      classes: ["a"], file: "model.onnx", sha256: "", licence: "MIT", origin: "test")
    try store.install(manifest) { try Data(text.utf8).write(to: $0) }
    return try store.resolve(name)
  }

  private var copies: [String] {
    let path = store.folder.appendingPathComponent(".kept").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  @Test("given a copy, when the file is damaged or gone, then it is put back, by name, path and manifest")
  func restores() throws {
    let model = try install("mine", "weights")
    try store.keepCopy(of: model)
    try store.keepCopy(of: model)
    #expect(copies == ["\(model.sha256).onnx"] && store.installedNames() == ["mine"])
    let manifest = model.file.deletingLastPathComponent().appendingPathComponent("manifest.json")
    for reference in ["mine", model.file.path, manifest.path] {
      for damage in [Data("weighty".utf8), nil] {
        if let damage { try damage.write(to: model.file) } else { try FileManager.default.removeItem(at: model.file) }
        #expect(throws: PipelineError.self) { try self.store.resolve(reference) }
        #expect(try store.restore(reference, sha256: nil).contains(".kept"))
        #expect(try store.resolve(reference).sha256 == model.sha256)
      }
    }
  }

  @Test("given a file without a manifest, when it is damaged, then its hash as it was opened finds the copy")
  func bare() throws {
    let file = folder.appendingPathComponent("bare.onnx")
    try Data("weights".utf8).write(to: file)
    let model = try store.resolve(file.path)
    try store.keepCopy(of: model)
    try Data("weighty".utf8).write(to: file)
    _ = try store.restore(file.path, sha256: model.sha256)
    #expect(try Data(contentsOf: file) == Data("weights".utf8))
  }

  @Test("given a model that was replaced while an older one runs, when it is damaged, then the newer is put back")
  func replaced() throws {
    let older = try install("mine", "weights")
    try store.keepCopy(of: older)
    let newer = try install("mine", "newer weights")
    try store.keepCopy(of: newer)
    try Data("odd".utf8).write(to: newer.file)
    _ = try store.restore("mine", sha256: older.sha256)
    #expect(try store.resolve("mine").sha256 == newer.sha256)
  }

  @Test("given no copy or a damaged one, when the model has no source, then the error says so, and nothing is written")
  func nothingLeft() throws {
    let model = try install("mine", "weights")
    try store.keepCopy(of: model)
    let copy = store.folder.appendingPathComponent(".kept/\(model.sha256).onnx")
    try Data("odd".utf8).write(to: copy)
    try Data("weighty".utf8).write(to: model.file)
    let error = #expect(throws: PipelineError.self) { try self.store.restore("mine", sha256: model.sha256) }
    #expect(error?.message.contains("neither a copy nor a source") == true)
    #expect(try Data(contentsOf: model.file) == Data("weighty".utf8))
    // What is damaged by now is not kept.
    try FileManager.default.removeItem(at: copy)
    try store.keepCopy(of: model)
    #expect(copies.isEmpty)
  }

  @Test("given many models, when copies are kept, then the oldest go")
  func limit() throws {
    var last = ""
    for number in 0..<ModelStore.mostCopies + 5 {
      let model = try install("m\(number)", "weights \(number)")
      try store.keepCopy(of: model)
      last = model.sha256
    }
    #expect(copies.count == ModelStore.mostCopies && copies.contains("\(last).onnx"))
  }

  @Test("given a model that can be fetched again, then no copy is kept of it")
  func builtin() throws {
    try store.keepCopy(of: install("yolox-nano", "weights"))
    #expect(copies.isEmpty)
  }
}
