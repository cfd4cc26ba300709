import Testing

@testable import Detectors
@testable import Measure

@Suite("What A and B have in common")
struct SamenessTests {
  private func manifest(_ name: String, classes: [String] = ["dog"]) -> ModelManifest {
    ModelManifest(
      name: name, head: .yolox, input: ModelManifest.Head.yolox.defaultInput, inputSize: 416, classes: classes,
      file: name + ".onnx", sha256: "abc", licence: name, origin: name, precision: name)
  }

  private func subject(
    _ name: String, stages: [String] = ["camera source", "objects detect"], model: String, sha256: String,
    manifest: ModelManifest? = nil
  ) -> Sameness.Subject {
    .init(
      name: name, stages: stages, models: ["objects": .init(reference: model, sha256: sha256, manifest: manifest)])
  }

  @Test("given one file under two names, when compared, then they are one model and that is said")
  func sameModel() {
    let hash = String(repeating: "a1", count: 32)
    let same = Sameness(
      Both(a: subject("a.onnx", model: "a.onnx", sha256: hash), b: subject("b.onnx", model: "b.onnx", sha256: hash)),
      kind: "models")
    #expect(same.isSame)
    #expect(
      same.notes == [
        "'a.onnx' and 'b.onnx' are the same model (SHA-256 a1a1a1a1a1a1...): any difference between their runs is due to chance"
      ])
  }

  @Test("given other bytes, other stages or another reading of the file, when compared, then they are not the same")
  func different() {
    let a = subject("a", model: "a", sha256: "1", manifest: manifest("a"))
    #expect(
      Sameness(Both(a: a, b: subject("b", model: "b", sha256: "2", manifest: manifest("b"))), kind: "models").notes
        == [])
    #expect(!Sameness(Both(a: a, b: subject("b", model: "b", sha256: "2")), kind: "models").isSame)
    let other = Sameness(
      Both(a: a, b: subject("b", model: "b", sha256: "1", manifest: manifest("b", classes: ["cat"]))), kind: "models")
    #expect(!other.isSame)
    #expect(other.notes.first?.hasSuffix(", but different manifests") == true)
    let slower = Sameness(
      Both(
        a: a,
        b: subject(
          "b", stages: ["camera source", "objects detect x2"], model: "c", sha256: "1", manifest: manifest("c"))),
      kind: "pipelines")
    #expect(!slower.isSame)
    #expect(slower.notes == ["'objects' runs the same file in both: 'a' and 'c' have the same SHA-256 (1...)"])
  }

  @Test("given manifests that differ in names and origin alone, when compared, then the models are the same")
  func names() {
    let sides = Both(
      a: subject("a", model: "a", sha256: "1", manifest: manifest("a")),
      b: subject("b", model: "b", sha256: "1", manifest: manifest("b")))
    #expect(Sameness(sides, kind: "pipelines").isSame)
    #expect(
      Sameness(sides, kind: "pipelines").notes.first?.contains("are the same pipeline, with the same models") == true)
  }

  @Test("given pipelines without models, when compared, then their stages decide")
  func noModels() {
    let a = Sameness.Subject(name: "a", stages: ["x"], models: [:])
    #expect(Sameness(Both(a: a, b: .init(name: "b", stages: ["x"], models: [:])), kind: "pipelines").isSame)
    #expect(!Sameness(Both(a: a, b: .init(name: "b", stages: ["y"], models: [:])), kind: "pipelines").isSame)
  }
}
