import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore

@Suite struct ModelStoreTests {
  private func manifest(_ name: String, sha256: String = "") -> ModelManifest {
    ModelManifest(
      name: name, head: .yolox, input: InputFormat(color: .bgr, placement: .topLeft, pad: 114), inputSize: 416,
      classes: ["a", "b"], file: "model.onnx", sha256: sha256, licence: "MIT", origin: "test")
  }

  private func withStore(_ body: (ModelStore) throws -> Void) throws {
    let folder = try TestData.temporaryFolder("store")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(ModelStore(folder: folder.appendingPathComponent("models")))
  }

  @Test func givenTheEnvironment_whenAskedForTheStandardStore_thenTheNearestSettingWins() {
    func path(_ environment: [String: String], _ option: String? = nil) -> String {
      ModelStore.standard(option: option, environment: environment).folder.path
    }
    #expect(path(["HOME": "/h"]) == "/h/.local/share/edgepipe/models")
    #expect(path(["HOME": "/h", "XDG_DATA_HOME": "/x"]) == "/x/edgepipe/models")
    #expect(path(["XDG_DATA_HOME": "/x", "EDGEPIPE_MODELS": "/m"]) == "/m")
    #expect(path(["EDGEPIPE_MODELS": "/m"], "/o") == "/o")
    #expect(path(["HOME": "/h", "EDGEPIPE_MODELS": ""]) == "/h/.local/share/edgepipe/models")
  }

  @Test func givenAnInstalledModel_whenResolvedByNameOrPath_thenItIsFoundWithItsHash() throws {
    try withStore { store in
      #expect(store.installedNames() == [])
      let installed = try store.install(manifest("mine")) { try Data("hello".utf8).write(to: $0) }
      // The hash of `hello` as sha256sum prints it.
      #expect(installed.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
      #expect(store.installedNames() == ["mine"])
      let folder = store.folder(of: "mine")
      for reference in ["mine", folder.path + "/model.onnx", folder.path + "/manifest.json"] {
        let found = try store.resolve(reference)
        #expect(found.manifest == installed && found.sha256 == installed.sha256)
        #expect(found.reference == reference && found.file.lastPathComponent == "model.onnx")
      }
      // No unfinished folder stays behind.
      #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder.path) == ["mine"])
    }
  }

  @Test func givenABareFile_whenResolved_thenItHasNoManifest() throws {
    try withStore { store in
      let folder = store.folder.deletingLastPathComponent()
      let file = folder.appendingPathComponent("bare.onnx")
      try Data("hello".utf8).write(to: file)
      // A manifest of another file does not count; one named after the file does.
      try manifest("x", sha256: String(repeating: "0", count: 64)).encoded()
        .write(to: folder.appendingPathComponent("manifest.json"))
      #expect(try store.resolve(file.path).manifest == nil)
      var own = manifest("own", sha256: try store.resolve(file.path).sha256)
      own.file = "bare.onnx"
      try own.encoded().write(to: folder.appendingPathComponent("bare.json"))
      #expect(try store.resolve(file.path).manifest == own)
    }
  }

  @Test func givenADamagedModel_whenResolvedOrVerified_thenTheHashesAndTheRemedyAreNamed() throws {
    try withStore { store in
      let installed = try store.install(manifest("yunet-n")) { try Data("hello".utf8).write(to: $0) }
      try Data("hellO".utf8).write(to: store.folder(of: "yunet-n").appendingPathComponent("model.onnx"))
      let error = #expect(throws: PipelineError.self) { try store.resolve("yunet-n") }
      #expect(error?.exit == .dataError)
      #expect(error?.message.contains(installed.sha256) == true)
      #expect(error?.remedy?.contains("edgepipe models pull yunet-n --force") == true)
      #expect(store.verify().map { $0.fault != nil } == [true])
      try FileManager.default.removeItem(at: store.folder(of: "yunet-n").appendingPathComponent("model.onnx"))
      #expect(throws: PipelineError.self) { try store.resolve("yunet-n") }
    }
  }

  @Test func givenUnknownNames_whenResolved_thenTheErrorSaysWhatToDo() throws {
    try withStore { store in
      let misspelt = #expect(throws: PipelineError.self) { try store.resolve("yolox-nanno") }
      #expect(misspelt?.exit == .config)
      #expect(misspelt?.remedy?.contains("did you mean 'yolox-nano'?") == true)
      #expect(misspelt?.remedy?.contains("retinaface-mnet025") == true)
      let missing = #expect(throws: PipelineError.self) { try store.resolve("centerface") }
      #expect(missing?.exit == .config && missing?.remedy?.contains("edgepipe models pull centerface") == true)
      let strange = #expect(throws: PipelineError.self) { try store.resolve("zzzzzzzzzzzz") }
      #expect(strange?.remedy?.contains("did you mean") == false)
      for reference in ["./none.onnx", "none.json", "../..", "", ".", "/"] {
        let error = #expect(throws: PipelineError.self) { try store.resolve(reference) }
        #expect(error?.exit == .config, "\(reference)")
      }
    }
  }

  @Test func givenAFailingInstall_whenReplacing_thenTheOldModelStays() throws {
    try withStore { store in
      try store.install(manifest("mine")) { try Data("old".utf8).write(to: $0) }
      #expect(throws: PipelineError.self) {
        try store.install(manifest("mine", sha256: String(repeating: "0", count: 64))) {
          try Data("new".utf8).write(to: $0)
        }
      }
      #expect(try Data(contentsOf: store.resolve("mine").file) == Data("old".utf8))
      try store.install(manifest("mine")) { try Data("new".utf8).write(to: $0) }
      #expect(try Data(contentsOf: store.resolve("mine").file) == Data("new".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder.path) == ["mine"])
    }
  }

  @Test(arguments: [
    ("{", "is not JSON"), ("{}", "lacks 'name'"),
    (#"{"name":"a","head":"yolox","input":{"color":"bgr","placement":"middle","pad":0}}"#, "input.placement"),
  ])
  func givenAFaultyManifest_whenRead_thenTheErrorNamesThePlace(json: String, named: String) throws {
    try withStore { store in
      let file = store.folder.deletingLastPathComponent().appendingPathComponent("a.json")
      try Data(json.utf8).write(to: file)
      let error = #expect(throws: PipelineError.self) { try ModelManifest.read(file) }
      #expect(error?.message.contains(named) == true, "\(error?.message ?? "")")
    }
  }

  @Test func givenValuesThatNoModelHas_whenChecked_thenEachIsNamed() {
    let good = manifest("a", sha256: String(repeating: "a", count: 64))
    #expect(good.fault == nil)
    func fault(_ change: (inout ModelManifest) -> Void) -> String {
      var bad = good
      change(&bad)
      return bad.fault ?? "none"
    }
    #expect(fault { $0.name = "../a" }.contains("name"))
    #expect(fault { $0.stride = 0 }.contains("stride"))
    #expect(fault { $0.inputSize = 417 }.contains("inputSize"))
    #expect(fault { $0.inputSize = -32 }.contains("inputSize"))
    for shape in [[], [416], [250, 416], [0, 416], [-32, 416], [256, 8224], [256, 416, 3]] {
      #expect(fault { $0.shape = shape }.contains("shape"), "\(shape)")
    }
    #expect(fault { $0.shape = [256, 416] } == "none")
    #expect(fault { $0.classes = [] }.contains("classes"))
    #expect(fault { $0.input.mean = [0] }.contains("mean"))
    #expect(fault { $0.input.scale = [.nan, 1, 1] }.contains("scale"))
    #expect(fault { $0.file = "../../etc/passwd" }.contains("folder"))
    #expect(fault { $0.file = "/etc/passwd" }.contains("folder"))
    #expect(fault { $0.sha256 = "ABC" }.contains("sha256"))
    #expect(fault { $0.head = .yolov3 }.contains("anchors"))
    #expect(fault { ($0.head, $0.anchors) = (.yolov3, [.init(stride: 32, anchors: [[1]])]) }.contains("anchors"))
  }

  @Test func givenTheBuiltinModels_whenChecked_thenEveryManifestIsSound() {
    for model in BuiltinModels.all { #expect(model.manifest.fault == nil, "\(model.name)") }
    #expect(Set(BuiltinModels.all.map(\.name)).count == BuiltinModels.all.count)
    #expect(COCOClasses.names.count == 80 && Set(COCOClasses.names).count == 80)
  }
}
