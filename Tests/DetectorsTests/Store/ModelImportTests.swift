import ModelTestSupport
import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import EdgepipeONNX

@Suite struct ModelImportTests {
  private func withFolder(_ body: (ModelStore, URL) throws -> Void) throws {
    let folder = try TestData.temporaryFolder("import")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(ModelStore(folder: folder.appendingPathComponent("store")), folder)
  }

  @Test func givenAnOnnxFile_whenImported_thenTheManifestComesFromFileHeadAndOptions() throws {
    try withFolder { store, folder in
      let file = folder.appendingPathComponent("mine.onnx")
      try TestGraphs.model([TestGraphs.head], [TestGraphs.weights], output: [1, 64, 7]).write(to: file)
      var options = ModelImport.Options()
      let silent = #expect(throws: PipelineError.self) { try ModelImport(store: store).onnx(file, options) }
      #expect(silent?.exit == .usage && silent?.remedy?.contains("--head") == true)
      // 84 rows are the cells of a 64x64 input at strides 8, 16, 32: YOLOX for two classes, or YOLOv8 for three.
      try TestGraphs.model([TestGraphs.head], [TestGraphs.weights], output: [1, 84, 7]).write(to: file)
      options.licence = "MIT"
      let twofold = #expect(throws: PipelineError.self) { try ModelImport(store: store).onnx(file, options) }
      #expect(twofold?.exit == .usage && twofold?.message.contains("YOLOX") == true)
      (options.head, options.form) = (.yolox, .raw)
      let manifest = try ModelImport(store: store).onnx(file, options)
      #expect(manifest.name == "mine" && manifest.inputSize == 64 && manifest.licence == "MIT")
      #expect(manifest.classes == ["class0", "class1"] && manifest.input.color == .bgr)
      #expect(try store.resolve("mine").manifest == manifest)
      // Twice needs --force; a built-in name is taken; class names must be as many as classes.
      #expect(throws: PipelineError.self) { try ModelImport(store: store).onnx(file, options) }
      options.force = true
      options.classes = ["a"]
      #expect(throws: PipelineError.self) { try ModelImport(store: store).onnx(file, options) }
      options.classes = ["a", "b"]
      #expect(try ModelImport(store: store).onnx(file, options).classes == ["a", "b"])
      options.name = "yolox-nano"
      #expect(throws: PipelineError.self) { try ModelImport(store: store).onnx(file, options) }
      options.name = "../escape"
      #expect(throws: PipelineError.self) { try ModelImport(store: store).onnx(file, options) }
    }
  }

  @Test func givenWeightsInAnotherFile_whenImported_thenTheyAreInTheModelThatTheManifestHashes() throws {
    try withFolder { store, folder in
      let bytes = Data((0..<4608).map { UInt8($0 % 101) })
      try bytes.write(to: folder.appendingPathComponent("w.bin"))
      var tensor = TestGraphs.weights
      tensor.clearRawData()
      tensor.dataLocation = .external
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = ("location", "w.bin")
      tensor.externalData = [entry]
      let file = folder.appendingPathComponent("mine.onnx")
      try TestGraphs.model([TestGraphs.head], [tensor], output: [1, 84, 7]).write(to: file)
      var options = ModelImport.Options()
      (options.head, options.form) = (.yolox, .raw)
      _ = try ModelImport(store: store).onnx(file, options)
      let resolved = try store.resolve("mine")
      #expect(try OnnxModel(contentsOf: resolved.file).proto.graph.initializer[0].rawData == bytes)
      #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder(of: "mine").path).count == 2)
      // One bit of a weight, and the model is not taken for sound.
      var changed = try Data(contentsOf: resolved.file)
      let place = try #require(changed.firstRange(of: bytes)?.lowerBound)
      changed[place + 1000] ^= 1
      try changed.write(to: resolved.file)
      let error = #expect(throws: PipelineError.self) { try store.resolve("mine") }
      #expect(error?.exit == .dataError && error?.message.contains("sha256") == true, "\(error?.message ?? "")")

      // The hash of a model that is named by its path does not cover the other file: it is not read.
      let named = try store.resolve(file.path)
      let far = #expect(throws: PipelineError.self) { try OnnxModel(named) }
      #expect(far?.exit == .dataError && far?.remedy?.contains("import") == true)
    }
  }

  @Test func givenDarknetFiles_whenImported_thenAnchorsAndClassesAreInTheManifest() throws {
    try withFolder { store, folder in
      let config = folder.appendingPathComponent("net.cfg"), weights = folder.appendingPathComponent("net.weights")
      try Data(DarknetTests.everyLayer.utf8).write(to: config)
      try DarknetTests.weights(DarknetTests.network(DarknetTests.everyLayer).valueCount).write(to: weights)
      var options = ModelImport.Options()
      options.classes = ["cat", "dog"]
      let manifest = try ModelImport(store: store).darknet(config: config, weights: weights, options)
      #expect(manifest.head == .yolov3 && manifest.name == "net" && manifest.inputSize == 64 && manifest.stride == 4)
      #expect(manifest.anchors?.map(\.stride) == [2, 4])
      #expect(try OnnxModel(contentsOf: store.resolve("net").file).proto.graph.output.count == 2)
    }
  }
}
